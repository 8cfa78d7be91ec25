-- Customers of a snapshot whose outcome is known already, and how many of them are in the train split.
SELECT COUNT(*) AS known, COUNTIF(features.split = 'train') AS train
FROM telecom_silver.telco_churn_clean AS labels
INNER JOIN telecom_gold.telco_churn_features AS features
  ON features.customer_id = labels.customer_id AND features.snapshot_date = labels.snapshot_date
WHERE labels.snapshot_date = @snapshot_date AND labels.churned IS NOT NULL
