-- Snapshots whose newest file is not in the silver table yet.
WITH received AS (
  SELECT snapshot_date, MAX(ingested_at) AS newest
  FROM telecom_bronze.telco_churn_raw
  GROUP BY snapshot_date
),

prepared AS (
  SELECT snapshot_date, MAX(ingested_at) AS newest
  FROM telecom_silver.telco_churn_clean
  GROUP BY snapshot_date
)

SELECT received.snapshot_date
FROM received
LEFT JOIN prepared ON prepared.snapshot_date = received.snapshot_date
WHERE prepared.newest IS NULL OR prepared.newest <> received.newest
ORDER BY received.snapshot_date
