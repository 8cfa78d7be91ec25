-- How many customers are labelled up to a date.
SELECT COUNT(DISTINCT customer_id) AS customers
FROM telecom_silver.telco_churn_clean
WHERE churned IS NOT NULL AND snapshot_date <= @up_to
