SELECT
  snapshot_date,
  feature,
  kind,
  feature_drift_score,
  churn_feature_drift_score,
  drifted,
  psi,
  ks,
  adjusted_p_value,
  threshold,
  reference_rows,
  current_rows,
  model_name,
  model_version,
  measured_at
FROM `${project}`.telecom_monitoring.feature_drift_metrics
