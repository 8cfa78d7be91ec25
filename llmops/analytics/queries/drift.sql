-- How each feature of the newest measured snapshots differs from the training data.
SELECT
  snapshot_date,
  feature,
  kind,
  psi,
  ks,
  js_divergence,
  adjusted_p_value,
  mean_shift,
  variance_ratio,
  current_null_share,
  largest_category_shift,
  threshold,
  feature_drift_score,
  drifted,
  churn_feature_drift_score,
  reference_rows,
  current_rows,
  model_name,
  model_version,
  measured_at
FROM telecom_monitoring.feature_drift_metrics
WHERE snapshot_date BETWEEN @since AND @today
QUALIFY DENSE_RANK() OVER (ORDER BY snapshot_date DESC) <= @snapshots
ORDER BY snapshot_date DESC, feature_drift_score DESC, psi DESC, feature
