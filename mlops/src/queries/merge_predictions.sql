-- What the serving container predicted, as rows of telco_churn_scored. Each `prediction` is a JSON object
-- {"churn_probability", "risk_segment", "top_reasons": [{feature, value, contribution}]}, `key` the customer.
-- Customers without a valid prediction are left out here; the caller counts and refuses.
-- The job's own table takes the place of telecom_staging.predictions.
WITH predicted AS (
  SELECT
    CAST(key AS STRING) AS customer_id,
    SAFE_CAST(JSON_VALUE(prediction, '$.churn_probability') AS FLOAT64) AS churn_probability,
    JSON_VALUE(prediction, '$.risk_segment') AS risk_segment,
    ARRAY(
      SELECT AS STRUCT
        JSON_VALUE(reason, '$.feature') AS feature,
        JSON_VALUE(reason, '$.value') AS value,
        SAFE_CAST(JSON_VALUE(reason, '$.contribution') AS FLOAT64) AS contribution
      FROM UNNEST(JSON_QUERY_ARRAY(prediction, '$.top_reasons')) AS reason
      ORDER BY ABS(SAFE_CAST(JSON_VALUE(reason, '$.contribution') AS FLOAT64)) DESC, JSON_VALUE(reason, '$.feature')
    ) AS top_reasons
  FROM telecom_staging.predictions
)

SELECT
  asked.customer_id,
  asked.snapshot_date,
  predicted.churn_probability,
  predicted.risk_segment,
  predicted.top_reasons,
  asked.monthly_charges,
  @model_name AS model_name,
  @model_version AS model_version,
  @scored_at AS scored_at
FROM telecom_gold.telco_churn_features_score_input AS asked
INNER JOIN predicted ON predicted.customer_id = asked.customer_id
WHERE
  asked.snapshot_date = @snapshot_date
  AND predicted.churn_probability BETWEEN 0 AND 1
  AND predicted.risk_segment IN ('low', 'medium', 'high')
