-- The customer's newest churn score; no row when there is none.
SELECT snapshot_date, churn_probability, risk_segment, top_reasons, model_name, model_version, scored_at
FROM telecom_gold.telco_churn_scored
WHERE customer_id = @customer_id AND snapshot_date BETWEEN @since AND @today
QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
