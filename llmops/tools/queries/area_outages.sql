-- Incidents of the nodes of one area of a city, as last reported; says nothing about whose lines they are.
SELECT
  incident_id,
  technology,
  MIN(incident_started_at) AS started_at,
  MAX(incident_expected_end_at) AS expected_end_at
FROM telecom_bronze.network_lines
WHERE
  snapshot_date = @snapshot_date
  AND city = @city
  AND state = @state
  AND area = @area
  AND incident_id IS NOT NULL
GROUP BY incident_id, technology
ORDER BY expected_end_at DESC, incident_id
LIMIT 10
