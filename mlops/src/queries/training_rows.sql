-- Labelled customers up to a date, each at its newest labelled snapshot, with the gender that only fairness reads.
SELECT
  features.*,
  labels.churned,
  labels.gender
FROM telecom_gold.telco_churn_features AS features
INNER JOIN telecom_silver.telco_churn_clean AS labels
  ON labels.customer_id = features.customer_id AND labels.snapshot_date = features.snapshot_date
WHERE labels.churned IS NOT NULL AND features.snapshot_date <= @up_to
QUALIFY ROW_NUMBER() OVER (PARTITION BY features.customer_id ORDER BY features.snapshot_date DESC) = 1
ORDER BY features.customer_id
