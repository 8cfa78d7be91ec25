-- Answers of the assistant by day, intent, model, prompt and channel, each on its own; percentiles by nearest rank.
WITH ratings AS (
  SELECT trace_id, COUNTIF(rating = 'up') AS ups, COUNTIF(rating = 'down') AS downs
  FROM telecom_monitoring.llm_feedback
  WHERE given_on BETWEEN @since AND @today
  GROUP BY trace_id
),

answers AS (
  SELECT
    dimension,
    CASE dimension
      WHEN 'day' THEN CAST(answers.used_on AS STRING)
      WHEN 'intent' THEN answers.intent
      WHEN 'model' THEN answers.model
      WHEN 'prompt' THEN answers.prompt_version
      WHEN 'channel' THEN answers.channel
      ELSE 'all'
    END AS part,
    answers.trace_id,
    answers.degraded,
    answers.latency_ms,
    answers.cost_usd,
    answers.input_tokens + answers.output_tokens AS tokens,
    COALESCE(ratings.ups, 0) AS ups,
    COALESCE(ratings.downs, 0) AS downs
  FROM telecom_monitoring.llm_usage AS answers
  LEFT JOIN ratings ON ratings.trace_id = answers.trace_id
  CROSS JOIN UNNEST(['all', 'day', 'intent', 'model', 'prompt', 'channel']) AS dimension
  WHERE answers.used_on BETWEEN @since AND @today
),

ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY dimension, part ORDER BY latency_ms, trace_id) AS place,
    COUNT(*) OVER (PARTITION BY dimension, part) AS places
  FROM answers
)

SELECT
  dimension,
  part,
  COUNT(*) AS answers,
  COUNTIF(degraded) AS degraded,
  SUM(cost_usd) AS cost_usd,
  SUM(tokens) AS tokens,
  SUM(ups) AS ups,
  SUM(downs) AS downs,
  MIN(IF(place >= 0.5 * places, latency_ms, NULL)) AS p50_ms,
  MIN(IF(place >= 0.95 * places, latency_ms, NULL)) AS p95_ms,
  MIN(IF(place >= 0.99 * places, latency_ms, NULL)) AS p99_ms
FROM ranked
GROUP BY dimension, part
ORDER BY dimension, part
