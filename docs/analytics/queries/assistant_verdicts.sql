-- What people said of answers, by intent.
SELECT
  answers.intent,
  COUNT(*) AS verdicts,
  COUNTIF(feedback.rating = 'up') AS ups,
  COUNTIF(feedback.rating = 'down') AS downs,
  SAFE_DIVIDE(COUNTIF(feedback.rating = 'up'), COUNT(*)) AS liked
FROM telecom_monitoring.llm_feedback AS feedback
INNER JOIN telecom_monitoring.llm_usage AS answers ON answers.trace_id = feedback.trace_id
GROUP BY answers.intent
ORDER BY downs DESC, answers.intent
