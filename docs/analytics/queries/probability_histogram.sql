-- Customers by tenth of the predicted probability, snapshot by snapshot.
-- View: telecom_analytics.scored_customers for telecom_gold.telco_churn_scored
SELECT
  snapshot_date,
  LEAST(CAST(FLOOR(churn_probability * 10) AS INT64), 9) AS tenth,
  COUNT(*) AS customers
FROM telecom_gold.telco_churn_scored
GROUP BY snapshot_date, tenth
ORDER BY snapshot_date DESC, tenth
