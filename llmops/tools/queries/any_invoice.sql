-- Whether there are invoices at all: without any, a customer without theirs says nothing about them. Reads nobody's data.
SELECT COUNT(*) AS rows_there
FROM telecom_bronze.billing_invoices
WHERE snapshot_date BETWEEN @since AND @today
