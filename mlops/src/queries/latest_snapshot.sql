-- The newest prepared snapshot and its customers; no row when nothing was prepared.
SELECT snapshot_date, COUNT(*) AS customers
FROM telecom_gold.telco_churn_features
WHERE snapshot_date = COALESCE(CAST(@snapshot_date AS DATE), snapshot_date)
GROUP BY snapshot_date
ORDER BY snapshot_date DESC
LIMIT 1
