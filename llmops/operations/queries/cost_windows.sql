-- Answers and their price in the last hours and in the same hours of the day before, by model.
SELECT
  answered_at > @since AS recent,
  model,
  COUNT(*) AS messages,
  SUM(cost_usd) AS cost_usd
FROM telecom_monitoring.llm_usage
WHERE used_on BETWEEN @first_day AND @last_day
  AND (
    (answered_at > @since AND answered_at <= @until)
    OR (answered_at > @since_before AND answered_at <= @until_before)
  )
GROUP BY recent, model
ORDER BY recent DESC, cost_usd DESC, model
