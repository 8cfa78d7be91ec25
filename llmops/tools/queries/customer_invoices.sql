-- The customer's newest invoices with their items, the newest first.
SELECT
  snapshot_date,
  invoice_id,
  reference_month,
  period_start,
  period_end,
  issued_on,
  due_on,
  paid_on,
  status,
  payment_method,
  total_amount,
  late_fee,
  items
FROM telecom_bronze.billing_invoices
WHERE customer_id = @customer_id AND snapshot_date BETWEEN @since AND @today
QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
ORDER BY period_start DESC, invoice_id DESC
LIMIT 13
