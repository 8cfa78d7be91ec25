SELECT
  snapshot_date,
  ROW_NUMBER() OVER (ORDER BY churn_probability * monthly_charges DESC) AS place,
  risk_segment,
  churn_probability,
  monthly_charges,
  churn_probability * monthly_charges AS expected_monthly_loss,
  ARRAY(SELECT AS STRUCT reason.feature, reason.contribution FROM UNNEST(top_reasons) AS reason) AS top_reasons
FROM `${project}`.telecom_gold.telco_churn_scored
WHERE snapshot_date = (SELECT MAX(snapshot_date) FROM `${project}`.telecom_gold.telco_churn_scored)
