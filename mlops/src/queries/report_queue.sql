-- The customers of a snapshot whose leaving would cost most.
SELECT
  customer_id,
  churn_probability,
  risk_segment,
  monthly_charges,
  churn_probability * monthly_charges * @horizon_months AS expected_loss,
  top_reasons
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = @snapshot_date
ORDER BY expected_loss DESC, customer_id
LIMIT 20
