-- All customers that the filters let through, for a file.
WITH matching AS (
{matching}
)

SELECT
  snapshot_date,
  customer_id,
  churn_probability,
  risk_segment,
  monthly_charges,
  ROUND(expected_loss * 100) / 100 AS expected_loss,
  contract,
  internet_service,
  tenure_band,
  tenure_months,
  top_reasons,
  model_version
FROM matching
ORDER BY churn_probability DESC, customer_id
