-- What the churn pipelines read and others may change, one row per file, labelling, score, measurement and evaluation.
SELECT 'file' AS kind, snapshot_date, source_digest AS what, COUNT(*) AS records, MAX(ingested_at) AS changed_at
FROM telecom_bronze.telco_churn_raw
GROUP BY snapshot_date, source_digest
UNION ALL
SELECT 'labels' AS kind, snapshot_date, '' AS what, COUNT(churned) AS records, MAX(ingested_at) AS changed_at
FROM telecom_silver.telco_churn_clean
GROUP BY snapshot_date
UNION ALL
SELECT 'scores' AS kind, snapshot_date, model_version AS what, COUNT(*) AS records, MAX(scored_at) AS changed_at
FROM telecom_gold.telco_churn_scored
GROUP BY snapshot_date, model_version
UNION ALL
SELECT 'drift' AS kind, snapshot_date, model_version AS what, COUNT(*) AS records, MAX(measured_at) AS changed_at
FROM telecom_monitoring.feature_drift_metrics
GROUP BY snapshot_date, model_version
UNION ALL
SELECT 'evaluation' AS kind, evaluated_on, model_digest AS what, COUNT(*) AS records, MAX(evaluated_at) AS changed_at
FROM telecom_monitoring.model_metrics
GROUP BY evaluated_on, model_digest
ORDER BY kind, snapshot_date, what
