-- Scored customers of a snapshot by risk segment; expected loss over the horizon.
SELECT
  risk_segment AS segment,
  COUNT(*) AS customers,
  AVG(churn_probability) AS mean_probability,
  SUM(churn_probability * monthly_charges) * @horizon_months AS expected_loss
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = @snapshot_date
GROUP BY segment
ORDER BY mean_probability DESC, segment
