-- What speaks for leaving among customers at high risk of the newest snapshot, and how strongly.
-- View: telecom_analytics.scored_customers for telecom_gold.telco_churn_scored
SELECT
  reason.feature,
  COUNT(*) AS customers,
  AVG(reason.contribution) AS mean_contribution
FROM telecom_gold.telco_churn_scored AS scored, UNNEST(scored.top_reasons) AS reason
WHERE
  scored.risk_segment = 'high'
  AND reason.contribution > 0
  AND scored.snapshot_date = (SELECT MAX(snapshot_date) FROM telecom_gold.telco_churn_scored)
GROUP BY reason.feature
ORDER BY customers DESC, reason.feature
