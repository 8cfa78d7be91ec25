-- How the model in service does, day by day.
SELECT evaluated_on, model_version, figure, part, value, lower, upper, bound, observations, verdict
FROM telecom_monitoring.online_evaluation
WHERE evaluated_on BETWEEN @since AND @today
ORDER BY evaluated_on DESC, figure, part
LIMIT 400
