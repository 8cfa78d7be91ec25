-- Scored customers of a snapshot in fifty bins of probability.
SELECT LEAST(CAST(FLOOR(churn_probability * 50) AS INT64), 49) AS bin, COUNT(*) AS customers
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = @snapshot_date
GROUP BY bin
ORDER BY bin
