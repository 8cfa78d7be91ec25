-- A snapshot's scored customers that the filters let through; the other queries customers_*.sql take it in.
-- Reasons are at most five. Looking at five places is an order of magnitude faster here than UNNEST for each row.
SELECT
  scored.snapshot_date,
  scored.customer_id,
  scored.churn_probability,
  scored.risk_segment,
  scored.monthly_charges,
  scored.churn_probability * scored.monthly_charges * @months AS expected_loss,
  features.contract,
  features.internet_service,
  features.tenure_band,
  features.tenure_months,
  scored.top_reasons,
  scored.model_version
FROM telecom_gold.telco_churn_scored AS scored
LEFT JOIN telecom_gold.telco_churn_features AS features
  ON features.customer_id = scored.customer_id AND features.snapshot_date = @snapshot_date
WHERE
  scored.snapshot_date = @snapshot_date
  AND scored.churn_probability BETWEEN @least AND @most
  AND (@segment = '' OR scored.risk_segment = @segment)
  AND (@contract = '' OR features.contract = @contract)
  AND (@plan = '' OR features.internet_service = @plan)
  AND (@tenure = '' OR features.tenure_band = @tenure)
  AND (@search = '' OR STRPOS(LOWER(scored.customer_id), LOWER(@search)) > 0)
  AND (
    @reason = ''
    OR (scored.top_reasons[SAFE_OFFSET(0)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(0)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(1)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(1)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(2)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(2)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(3)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(3)].contribution > 0)
    OR (scored.top_reasons[SAFE_OFFSET(4)].feature = @reason AND scored.top_reasons[SAFE_OFFSET(4)].contribution > 0)
  )
