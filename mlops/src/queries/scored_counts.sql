-- Customers of one scored snapshot, in all and by risk segment.
SELECT
  COUNT(*) AS scores,
  COUNT(DISTINCT customer_id) AS customers,
  COUNTIF(risk_segment = 'high') AS high,
  COUNTIF(risk_segment = 'medium') AS medium,
  COUNTIF(risk_segment = 'low') AS low
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = @snapshot_date
