-- What drift monitoring found for a snapshot, worst first.
SELECT *
FROM telecom_monitoring.feature_drift_metrics
WHERE snapshot_date = @snapshot_date AND model_version = @model_version
ORDER BY feature_drift_score DESC, feature
