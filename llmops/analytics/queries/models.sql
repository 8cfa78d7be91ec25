-- Figures of evaluated models on all test customers, and of the models beside them in the same evaluation.
SELECT
  evaluated_at,
  model_name,
  model_version,
  model_digest,
  metric,
  value,
  lower,
  upper,
  customers
FROM telecom_monitoring.model_metrics
WHERE slice = 'all' AND evaluated_on BETWEEN @since AND @today
QUALIFY DENSE_RANK() OVER (ORDER BY evaluated_at DESC, model_digest) <= 50
ORDER BY evaluated_at DESC, model_digest, model_name, metric
