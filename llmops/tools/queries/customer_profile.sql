-- The holder as the CRM knows them, what identifies them masked, and what they have by the newest features.
WITH holder AS (
  SELECT
    customer_id,
    snapshot_date,
    full_name,
    CONCAT('***.***.***-', SUBSTR(cpf, 13, 2)) AS cpf_masked,
    CONCAT(SUBSTR(email, 1, 1), '***', SUBSTR(email, STRPOS(email, '@'))) AS email_masked,
    CONCAT('(', SUBSTR(phone, 4, 2), ') *****-', SUBSTR(phone, 11, 4)) AS phone_masked,
    city,
    state,
    customer_since,
    segment,
    preferred_language,
    preferred_channel,
    consent_marketing,
    consent_data_sharing,
    consent_updated_on
  FROM telecom_bronze.crm_customers
  WHERE customer_id = @customer_id AND snapshot_date BETWEEN @since AND @today
  QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
),

products AS (
  SELECT
    customer_id,
    snapshot_date AS products_on,
    contract,
    contract_months,
    months_to_renewal,
    tenure_months,
    monthly_charges,
    payment_method,
    paperless_billing,
    phone_service,
    multiple_lines,
    internet_service,
    online_security,
    online_backup,
    device_protection,
    tech_support,
    streaming_tv,
    streaming_movies
  FROM telecom_gold.telco_churn_features
  WHERE customer_id = @customer_id AND snapshot_date BETWEEN @since AND @today
  QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
)

SELECT
  holder.snapshot_date,
  holder.full_name,
  holder.cpf_masked,
  holder.email_masked,
  holder.phone_masked,
  holder.city,
  holder.state,
  holder.customer_since,
  holder.segment,
  holder.preferred_language,
  holder.preferred_channel,
  holder.consent_marketing,
  holder.consent_data_sharing,
  holder.consent_updated_on,
  products.products_on,
  products.contract,
  products.contract_months,
  products.months_to_renewal,
  products.tenure_months,
  products.monthly_charges,
  products.payment_method,
  products.paperless_billing,
  products.phone_service,
  products.multiple_lines,
  products.internet_service,
  products.online_security,
  products.online_backup,
  products.device_protection,
  products.tech_support,
  products.streaming_tv,
  products.streaming_movies
FROM holder
LEFT JOIN products ON products.customer_id = holder.customer_id
