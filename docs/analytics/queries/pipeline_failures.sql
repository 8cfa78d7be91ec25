-- Pipeline runs that did not succeed, the newest first.
SELECT started_at, pipeline, job_id, state, failed_step, message, seconds
FROM telecom_monitoring.pipeline_runs
WHERE state != 'succeeded'
ORDER BY started_at DESC, job_id
