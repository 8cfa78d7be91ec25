-- Predicted beside observed churn by contract and tenure, where the outcome is known.
SELECT
  features.snapshot_date,
  features.contract,
  features.tenure_band,
  COUNT(*) AS customers,
  AVG(scored.churn_probability) AS predicted,
  SAFE_DIVIDE(COUNTIF(clean.churned), COUNT(*)) AS observed
FROM telecom_gold.telco_churn_scored AS scored
INNER JOIN telecom_gold.telco_churn_features AS features
  ON features.customer_id = scored.customer_id AND features.snapshot_date = scored.snapshot_date
INNER JOIN telecom_silver.telco_churn_clean AS clean
  ON clean.customer_id = scored.customer_id AND clean.snapshot_date = scored.snapshot_date
WHERE clean.churned IS NOT NULL
GROUP BY features.snapshot_date, features.contract, features.tenure_band
ORDER BY features.snapshot_date DESC, features.contract, features.tenure_band
