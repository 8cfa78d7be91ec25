-- telecom_bronze.telco_churn_raw → telecom_silver.telco_churn_clean, one snapshot.
-- Of several files of a snapshot the newest row of a customer wins; a label that any of them gave is kept.
-- A customer is in a file once, so whoever is in several files is in one that is not the last by digest: only those
-- customers are sorted by age. With one file there are none, and the snapshot is read straight through.
WITH repeated AS (
  SELECT
    customerID,
    source_digest AS newest_file,
    FIRST_VALUE(Churn IGNORE NULLS) OVER (
      PARTITION BY customerID ORDER BY ingested_at DESC, source_digest
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS known_label
  FROM telecom_bronze.telco_churn_raw
  WHERE snapshot_date = @snapshot_date
    AND customerID IN (
      SELECT customerID
      FROM telecom_bronze.telco_churn_raw
      WHERE snapshot_date = @snapshot_date
        AND source_digest < (
          SELECT MAX(source_digest) FROM telecom_bronze.telco_churn_raw WHERE snapshot_date = @snapshot_date
        )
    )
  QUALIFY ROW_NUMBER() OVER (PARTITION BY customerID ORDER BY ingested_at DESC, source_digest) = 1
),

received AS (
  SELECT raw.*, COALESCE(repeated.known_label, raw.Churn) AS known_label
  FROM telecom_bronze.telco_churn_raw AS raw
  LEFT JOIN repeated ON repeated.customerID = raw.customerID
  WHERE raw.snapshot_date = @snapshot_date
    AND (repeated.customerID IS NULL OR repeated.newest_file = raw.source_digest)
),

typed AS (
  SELECT
    *,
    SAFE_CAST(tenure AS INT64) AS tenure_months,
    SAFE_CAST(MonthlyCharges AS FLOAT64) AS monthly_charges,
    SAFE_CAST(NULLIF(TotalCharges, '') AS FLOAT64) AS stated_total
  FROM received
)

SELECT
  snapshot_date,
  customerID AS customer_id,
  gender,
  SeniorCitizen = '1' AS senior_citizen,
  Partner = 'Yes' AS partner,
  Dependents = 'Yes' AS dependents,
  tenure_months,
  PhoneService = 'Yes' AS phone_service,
  MultipleLines = 'Yes' AS multiple_lines,
  InternetService AS internet_service,
  OnlineSecurity = 'Yes' AS online_security,
  OnlineBackup = 'Yes' AS online_backup,
  DeviceProtection = 'Yes' AS device_protection,
  TechSupport = 'Yes' AS tech_support,
  StreamingTV = 'Yes' AS streaming_tv,
  StreamingMovies = 'Yes' AS streaming_movies,
  Contract AS contract,
  PaperlessBilling = 'Yes' AS paperless_billing,
  PaymentMethod AS payment_method,
  monthly_charges,
  COALESCE(stated_total, tenure_months * monthly_charges) AS total_charges,
  stated_total IS NULL AND tenure_months > 0 AS total_charges_imputed,
  known_label = 'Yes' AS churned,
  source_digest,
  ingested_at
FROM typed
