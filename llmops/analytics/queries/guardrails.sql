-- What the guardrails did to messages, as the audit's details list it, and how often.
SELECT REGEXP_EXTRACT(detail, r'"guardrails": ?\[([^\]]*)\]') AS hits, COUNT(*) AS answers
FROM telecom_monitoring.assistant_audit
WHERE event = 'chat' AND happened_on BETWEEN @since AND @today
GROUP BY hits
ORDER BY answers DESC, hits
