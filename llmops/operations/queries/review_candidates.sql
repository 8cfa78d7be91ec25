-- Conversations with an answer in some days: who held them, and what a reviewer would want to see of them.
WITH ratings AS (
  SELECT trace_id, COUNTIF(rating = 'down') AS downs
  FROM telecom_monitoring.llm_feedback
  WHERE given_on >= @first_day
  GROUP BY trace_id
),

turns AS (
  SELECT
    answers.session_id,
    seen.principal,
    seen.customer_id,
    REGEXP_EXTRACT(seen.detail, r'"role": ?"([a-z]+)"') AS role,
    answers.channel,
    answers.intent,
    COALESCE(answers.confidence, 1.0) AS confidence,
    COALESCE(ARRAY_LENGTH(answers.guardrails), 0) AS hits,
    COALESCE(ratings.downs, 0) AS downs,
    ROW_NUMBER() OVER (
      PARTITION BY answers.session_id, seen.principal, seen.customer_id
      ORDER BY answers.answered_at DESC, answers.trace_id
    ) AS place
  FROM telecom_monitoring.llm_usage AS answers
  JOIN telecom_monitoring.assistant_audit AS seen
    ON seen.trace_id = answers.trace_id AND seen.event = 'chat' AND seen.outcome != 'failed'
  LEFT JOIN ratings ON ratings.trace_id = answers.trace_id
  WHERE answers.used_on BETWEEN @first_day AND @last_day
    AND seen.happened_on BETWEEN @first_day AND @last_day
)

SELECT
  session_id,
  principal,
  customer_id,
  role,
  MAX(IF(place = 1, channel, NULL)) AS channel,
  MAX(IF(place = 1, intent, NULL)) AS intent,
  MIN(confidence) AS confidence,
  SUM(hits) AS hits,
  SUM(downs) AS downs
FROM turns
GROUP BY session_id, principal, customer_id, role
ORDER BY session_id, principal, customer_id
