-- The test AUC of every evaluated version of a model, by digest, as its newest evaluation recorded it.
SELECT model_digest, value AS roc_auc
FROM telecom_monitoring.model_metrics
WHERE model_name = @model_name AND metric = 'roc_auc' AND slice = 'all'
ORDER BY model_digest
