-- What people tried to see and do, and what came of it.
SELECT event, outcome, COUNT(*) AS times
FROM telecom_monitoring.assistant_audit
WHERE event != 'chat' AND happened_on BETWEEN @since AND @today
GROUP BY event, outcome
ORDER BY event, outcome
LIMIT 200
