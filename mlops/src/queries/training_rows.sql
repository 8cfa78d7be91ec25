-- Labelled customers up to a date, each at its newest labelled snapshot, with the gender that only fairness reads.
-- Nobody is tested who was once trained on: a customer whose twins changed, and with them its split, keeps the
-- earliest of train, validation and test that any of its snapshots gave it.
-- The parameter below cuts the customers' second hash: 'g' keeps all of them, '8' about half, the same ones every time.
WITH labelled AS (
  SELECT
    features.* EXCEPT (split),
    MIN(CASE features.split WHEN 'train' THEN 1 WHEN 'validation' THEN 2 ELSE 3 END)
      OVER (PARTITION BY features.customer_id) AS earliest,
    labels.churned,
    labels.gender
  FROM telecom_gold.telco_churn_features AS features
  INNER JOIN telecom_silver.telco_churn_clean AS labels
    ON labels.customer_id = features.customer_id AND labels.snapshot_date = features.snapshot_date
  WHERE
    labels.churned IS NOT NULL
    AND features.snapshot_date <= @up_to
    AND TO_HEX(MD5(CONCAT('sample/', features.customer_id))) < @below
)

SELECT
  * EXCEPT (earliest),
  CASE earliest WHEN 1 THEN 'train' WHEN 2 THEN 'validation' ELSE 'test' END AS split
FROM labelled
QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY snapshot_date DESC) = 1
ORDER BY customer_id
