SELECT
  evaluated_on,
  model_name,
  model_version,
  model_digest,
  metric,
  value,
  lower,
  upper,
  customers,
  evaluated_at
FROM `${project}`.telecom_monitoring.model_metrics
WHERE slice = 'all'
