-- The snapshots that were scored, the newest first.
SELECT
  snapshot_date,
  COUNT(*) AS customers,
  MAX(model_version) AS model_version,
  MAX(scored_at) AS scored_at
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date BETWEEN @since AND @today
GROUP BY snapshot_date
ORDER BY snapshot_date DESC
LIMIT 200
