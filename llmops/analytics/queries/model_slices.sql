-- The newest evaluation's figures by part of the customers.
SELECT model_version, slice, metric, value, customers
FROM telecom_monitoring.model_metrics
WHERE slice != 'all' AND evaluated_on BETWEEN @since AND @today
QUALIFY DENSE_RANK() OVER (ORDER BY evaluated_at DESC, model_digest) = 1
ORDER BY slice, metric
