SELECT
  snapshot_date,
  risk_segment,
  churn_probability,
  monthly_charges,
  ARRAY(SELECT AS STRUCT reason.feature, reason.contribution FROM UNNEST(top_reasons) AS reason) AS top_reasons,
  model_name,
  model_version,
  scored_at
FROM `${project}`.telecom_gold.telco_churn_scored
