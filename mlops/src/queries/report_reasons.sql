-- How often each feature is among the reasons of a snapshot's customers.
SELECT reason.feature, COUNT(*) AS customers
FROM telecom_gold.telco_churn_scored, UNNEST(top_reasons) AS reason
WHERE snapshot_date = @snapshot_date
GROUP BY reason.feature
