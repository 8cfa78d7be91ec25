-- Snapshots whose files are not what the silver table holds, or whose checks failed when they were last prepared.
WITH received AS (
  SELECT
    snapshot_date,
    MAX(ingested_at) AS newest,
    COUNT(DISTINCT customerID) AS customers,
    COUNT(DISTINCT IF(Churn IS NULL, NULL, customerID)) AS labelled
  FROM telecom_bronze.telco_churn_raw
  GROUP BY snapshot_date
),

prepared AS (
  SELECT snapshot_date, MAX(ingested_at) AS newest, COUNT(*) AS customers, COUNT(churned) AS labelled
  FROM telecom_silver.telco_churn_clean
  GROUP BY snapshot_date
),

refused AS (
  SELECT DISTINCT snapshot_date
  FROM telecom_monitoring.data_quality_results
  WHERE NOT passed AND table_name IN ('telecom_silver.telco_churn_clean', 'telecom_gold.telco_churn_features')
)

SELECT received.snapshot_date
FROM received
LEFT JOIN prepared ON prepared.snapshot_date = received.snapshot_date
LEFT JOIN refused ON refused.snapshot_date = received.snapshot_date
WHERE
  prepared.newest IS NULL
  OR refused.snapshot_date IS NOT NULL
  OR prepared.newest <> received.newest
  OR prepared.customers <> received.customers
  OR prepared.labelled <> received.labelled
ORDER BY received.snapshot_date
