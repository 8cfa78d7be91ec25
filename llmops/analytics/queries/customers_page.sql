-- One page. The customers are found and sorted without their reasons, which are then fetched for these few only.
WITH matching AS (
{matching}
),

page AS (
  SELECT
    customer_id,
    churn_probability,
    risk_segment,
    monthly_charges,
    expected_loss,
    contract,
    internet_service,
    tenure_band,
    tenure_months
  FROM matching
  ORDER BY churn_probability DESC, customer_id
  LIMIT 50 OFFSET 0
)

SELECT
  page.customer_id,
  page.churn_probability,
  page.risk_segment,
  page.monthly_charges,
  page.expected_loss,
  page.contract,
  page.internet_service,
  page.tenure_band,
  page.tenure_months,
  scored.top_reasons
FROM page
INNER JOIN telecom_gold.telco_churn_scored AS scored
  ON scored.customer_id = page.customer_id AND scored.snapshot_date = @snapshot_date
ORDER BY churn_probability DESC, customer_id
