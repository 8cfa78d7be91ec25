-- The newest pipeline runs.
SELECT pipeline, job_id, state, failed_step, message, seconds, started_at, finished_at
FROM telecom_monitoring.pipeline_runs
WHERE started_on BETWEEN @since AND @today
ORDER BY started_at DESC, job_id
LIMIT 50
