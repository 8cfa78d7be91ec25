-- How many customers the filters let through.
WITH matching AS (
{matching}
)

SELECT COUNT(*) AS customers FROM matching
