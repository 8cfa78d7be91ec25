-- Customers, mean risk and expected loss of each segment, snapshot by snapshot.
-- View: telecom_analytics.scored_customers for telecom_gold.telco_churn_scored
SELECT
  snapshot_date,
  risk_segment,
  COUNT(*) AS customers,
  AVG(churn_probability) AS mean_probability,
  SUM(churn_probability * monthly_charges * 12) AS expected_loss
FROM telecom_gold.telco_churn_scored
GROUP BY snapshot_date, risk_segment
ORDER BY snapshot_date DESC, mean_probability DESC
