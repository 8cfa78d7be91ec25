-- Customers whom one model version scored before anybody had said how it ended, and how it ended.
-- Each customer counts once, at its newest such snapshot, however many files repeat the label or the customer.
WITH told AS (
  SELECT snapshot_date, customerID AS customer_id, MIN(ingested_at) AS told_at
  FROM telecom_bronze.telco_churn_raw
  WHERE Churn IS NOT NULL
  GROUP BY snapshot_date, customerID
)

SELECT scored.customer_id, scored.snapshot_date, scored.churn_probability, labels.churned, told.told_at
FROM telecom_gold.telco_churn_scored AS scored
INNER JOIN telecom_silver.telco_churn_clean AS labels
  ON labels.customer_id = scored.customer_id AND labels.snapshot_date = scored.snapshot_date
INNER JOIN told ON told.customer_id = scored.customer_id AND told.snapshot_date = scored.snapshot_date
WHERE
  scored.model_name = @model_name
  AND scored.model_version = @model_version
  AND scored.scored_at < told.told_at
  AND labels.churned IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY scored.customer_id ORDER BY scored.snapshot_date DESC) = 1
ORDER BY scored.customer_id
