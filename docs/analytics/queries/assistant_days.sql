-- The assistant's answers by day and model: how many, how slow on average, how many on a fallback, at what cost.
SELECT
  used_on,
  model,
  prompt_version,
  COUNT(*) AS answers,
  AVG(latency_ms) AS mean_ms,
  MAX(latency_ms) AS slowest_ms,
  SAFE_DIVIDE(COUNTIF(degraded), COUNT(*)) AS degraded_share,
  SUM(cost_usd) AS cost_usd,
  SAFE_DIVIDE(SUM(cost_usd), COUNT(*)) AS cost_per_answer
FROM telecom_monitoring.llm_usage
GROUP BY used_on, model, prompt_version
ORDER BY used_on DESC, model, prompt_version
