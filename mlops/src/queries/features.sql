-- telecom_silver.telco_churn_clean → telecom_gold.telco_churn_features, one snapshot.
-- Customers alike in every model input share one split, so that none of them is tested on its twin. They are found by
-- GROUP BY: BigQuery allows FLOAT64 there, in PARTITION BY it does not.
-- ROUND(x * 1e6) / 1e6 is the same double everywhere; with ROUND(x, 6) the engines part at halves (2.675 to 2 digits).
WITH counted AS (
  SELECT
    *,
    CASE contract WHEN 'Two year' THEN 24 WHEN 'One year' THEN 12 ELSE 1 END AS contract_months,
    CAST(online_security AS INT64) + CAST(online_backup AS INT64)
      + CAST(device_protection AS INT64) + CAST(tech_support AS INT64) AS protection_count,
    COALESCE(SAFE_DIVIDE(total_charges, tenure_months), monthly_charges) AS average
  FROM telecom_silver.telco_churn_clean
  WHERE snapshot_date = @snapshot_date
),

derived AS (
  SELECT
    *,
    contract_months - MOD(tenure_months, contract_months) AS months_to_renewal,
    5 * ROUND(monthly_charges / 5) AS monthly_charge_level,
    ROUND(average * 1e6) / 1e6 AS average_monthly_charge,
    ROUND((monthly_charges - average) * 1e6) / 1e6 AS charge_change,
    CAST(phone_service AS INT64) + CAST(multiple_lines AS INT64) + CAST(internet_service <> 'No' AS INT64)
      + protection_count + CAST(streaming_tv AS INT64) + CAST(streaming_movies AS INT64) AS services_count
  FROM counted
),

-- Few share even the five numbers, so only those are compared in full.
alike AS (
  SELECT tenure_months, total_charges, monthly_charge_level, charge_change, months_to_renewal
  FROM derived
  GROUP BY tenure_months, total_charges, monthly_charge_level, charge_change, months_to_renewal
  HAVING COUNT(*) > 1
),

twins AS (
  SELECT
    senior_citizen, partner, dependents, tenure_months, phone_service, multiple_lines, internet_service,
    online_security, online_backup, device_protection, tech_support, streaming_tv, streaming_movies,
    contract, paperless_billing, payment_method, total_charges, monthly_charge_level, charge_change,
    months_to_renewal,
    MIN(customer_id) AS twin_id
  FROM derived
  INNER JOIN alike USING (tenure_months, total_charges, monthly_charge_level, charge_change, months_to_renewal)
  GROUP BY
    senior_citizen, partner, dependents, tenure_months, phone_service, multiple_lines, internet_service,
    online_security, online_backup, device_protection, tech_support, streaming_tv, streaming_movies,
    contract, paperless_billing, payment_method, total_charges, monthly_charge_level, charge_change,
    months_to_renewal
  HAVING COUNT(*) > 1
),

hashed AS (
  SELECT *, SUBSTR(TO_HEX(MD5(COALESCE(twin_id, customer_id))), 1, 4) AS bucket
  FROM derived
  LEFT JOIN twins USING (
    senior_citizen, partner, dependents, tenure_months, phone_service, multiple_lines, internet_service,
    online_security, online_backup, device_protection, tech_support, streaming_tv, streaming_movies,
    contract, paperless_billing, payment_method, total_charges, monthly_charge_level, charge_change,
    months_to_renewal
  )
)

SELECT
  snapshot_date,
  customer_id,
  TIMESTAMP(snapshot_date) AS feature_timestamp,
  -- Hexadecimal thresholds: b333 and d999 are 70 % and 85 % of ffff.
  CASE WHEN bucket < 'b333' THEN 'train' WHEN bucket < 'd999' THEN 'validation' ELSE 'test' END AS split,
  senior_citizen,
  partner,
  dependents,
  tenure_months,
  CASE
    WHEN tenure_months <= 6 THEN '0-6'
    WHEN tenure_months <= 12 THEN '7-12'
    WHEN tenure_months <= 24 THEN '13-24'
    WHEN tenure_months <= 48 THEN '25-48'
    ELSE '49+'
  END AS tenure_band,
  phone_service,
  multiple_lines,
  internet_service,
  online_security,
  online_backup,
  device_protection,
  tech_support,
  streaming_tv,
  streaming_movies,
  contract,
  contract_months,
  months_to_renewal,
  paperless_billing,
  payment_method,
  payment_method IN ('Bank transfer (automatic)', 'Credit card (automatic)') AS autopay,
  monthly_charges,
  monthly_charge_level,
  total_charges,
  average_monthly_charge,
  charge_change,
  services_count,
  protection_count,
  ROUND(COALESCE(SAFE_DIVIDE(monthly_charges, services_count), monthly_charges) * 1e6) / 1e6 AS price_per_service
FROM hashed
