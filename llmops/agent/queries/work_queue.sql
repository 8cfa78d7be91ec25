-- Customers of the newest scores by what their leaving would cost, filtered; one page, and how many there are in all.
-- City and words come in lower case without accents; empty ones are not asked for.
-- Reasons are at most five: five places are an order of magnitude faster here than UNNEST for each row.
WITH scored AS (
  SELECT *
  FROM telecom_gold.telco_churn_scored
  WHERE snapshot_date BETWEEN @since AND @today
  QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
),

holders AS (
  SELECT
    customer_id,
    full_name,
    city,
    state,
    TRANSLATE(LOWER(city), 'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn') AS plain_city,
    TRANSLATE(LOWER(full_name), 'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn') AS plain_name
  FROM telecom_bronze.crm_customers
  WHERE snapshot_date BETWEEN @since AND @today
  QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
),

contracts AS (
  SELECT customer_id, contract
  FROM telecom_gold.telco_churn_features
  WHERE snapshot_date BETWEEN @since AND @today
  QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
)

SELECT
  scored.customer_id,
  holders.full_name,
  holders.city,
  holders.state,
  contracts.contract,
  scored.snapshot_date,
  scored.risk_segment,
  scored.churn_probability,
  scored.monthly_charges,
  scored.churn_probability * scored.monthly_charges * @months AS expected_loss,
  scored.top_reasons,
  COUNT(*) OVER () AS found
FROM scored
LEFT JOIN holders ON holders.customer_id = scored.customer_id
LEFT JOIN contracts ON contracts.customer_id = scored.customer_id
WHERE
  (@everybody OR STRPOS(@allowed, CONCAT(',', scored.customer_id, ',')) > 0)
  AND (@segment = '' OR scored.risk_segment = @segment)
  AND (@contract = '' OR contracts.contract = @contract)
  AND (@city = '' OR holders.plain_city = @city)
  AND (
    @reason = ''
    OR (scored.top_reasons[SAFE_OFFSET(0)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(0)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(1)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(1)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(2)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(2)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(3)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(3)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(4)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(4)].contribution > 0)
  )
  AND (
    @word_1 = ''
    OR STRPOS(LOWER(scored.customer_id), @word_1) > 0
    OR STRPOS(holders.plain_name, @word_1) > 0
  )
  AND (
    @word_2 = ''
    OR STRPOS(LOWER(scored.customer_id), @word_2) > 0
    OR STRPOS(holders.plain_name, @word_2) > 0
  )
  AND (
    @word_3 = ''
    OR STRPOS(LOWER(scored.customer_id), @word_3) > 0
    OR STRPOS(holders.plain_name, @word_3) > 0
  )
  AND (
    @word_4 = ''
    OR STRPOS(LOWER(scored.customer_id), @word_4) > 0
    OR STRPOS(holders.plain_name, @word_4) > 0
  )
ORDER BY expected_loss DESC, scored.customer_id
LIMIT 100 OFFSET 0
