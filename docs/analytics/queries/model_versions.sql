-- Every evaluated version with its figures on the test customers; gate_passed is 1 where the gate let it through.
SELECT
  evaluated_on,
  model_version,
  MAX(IF(metric = 'roc_auc', value, NULL)) AS roc_auc,
  MAX(IF(metric = 'roc_auc', lower, NULL)) AS roc_auc_lower,
  MAX(IF(metric = 'roc_auc', upper, NULL)) AS roc_auc_upper,
  MAX(IF(metric = 'precision', value, NULL)) AS precision_at_threshold,
  MAX(IF(metric = 'recall', value, NULL)) AS recall_at_threshold,
  MAX(IF(metric = 'brier', value, NULL)) AS brier,
  MAX(IF(metric = 'ece', value, NULL)) AS ece,
  MAX(IF(metric = 'gate_passed', value, NULL)) AS gate_passed,
  MAX(customers) AS customers
FROM telecom_monitoring.model_metrics
WHERE slice = 'all' AND model_name = 'telco-churn'
GROUP BY evaluated_on, model_version
ORDER BY evaluated_on DESC, model_version DESC
