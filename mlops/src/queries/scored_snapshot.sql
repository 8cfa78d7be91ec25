-- The given or newest scored snapshot; no row when nothing was scored.
SELECT snapshot_date, MAX(model_version) AS model_version, COUNT(*) AS customers
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = COALESCE(CAST(@snapshot_date AS DATE), snapshot_date)
GROUP BY snapshot_date
ORDER BY snapshot_date DESC
LIMIT 1
