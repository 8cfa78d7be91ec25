-- Customers by risk, contract, plan and tenure at once: sums that any coarser grouping adds up.
SELECT
  scored.snapshot_date,
  scored.risk_segment AS segment,
  features.contract,
  features.internet_service AS plan,
  features.tenure_band AS tenure,
  COUNT(*) AS customers,
  SUM(scored.churn_probability) AS probability,
  SUM(scored.churn_probability * scored.monthly_charges * @months) AS expected_loss,
  COUNTIF(clean.churned IS NOT NULL) AS labelled,
  COUNTIF(clean.churned) AS churned
FROM telecom_gold.telco_churn_scored AS scored
LEFT JOIN telecom_gold.telco_churn_features AS features
  ON
    features.customer_id = scored.customer_id
    AND features.snapshot_date = scored.snapshot_date
    AND features.snapshot_date BETWEEN @since AND @until
LEFT JOIN telecom_silver.telco_churn_clean AS clean
  ON
    clean.customer_id = scored.customer_id
    AND clean.snapshot_date = scored.snapshot_date
    AND clean.snapshot_date BETWEEN @since AND @until
WHERE scored.snapshot_date BETWEEN @since AND @until
GROUP BY
  scored.snapshot_date, scored.risk_segment, features.contract, features.internet_service, features.tenure_band
ORDER BY
  scored.snapshot_date, scored.risk_segment, features.contract, features.internet_service, features.tenure_band
