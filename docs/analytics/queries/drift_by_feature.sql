-- Features by drift, snapshot by snapshot; a score of 1 or more is drift.
-- View: telecom_analytics.feature_drift for telecom_monitoring.feature_drift_metrics
SELECT
  snapshot_date,
  feature,
  psi,
  threshold,
  feature_drift_score,
  drifted,
  churn_feature_drift_score,
  model_version
FROM telecom_monitoring.feature_drift_metrics
ORDER BY snapshot_date DESC, feature_drift_score DESC, feature
