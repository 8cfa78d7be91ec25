/** Questions to begin with. `words` holds their titles, as `analysts.sql.example.NAME`. */

export const EXAMPLES = {
  risk: `-- Customers and money at risk, by segment, in the newest snapshot.
SELECT
  risk_segment,
  COUNT(*) AS customers,
  AVG(churn_probability) AS mean_probability,
  SUM(churn_probability * monthly_charges * 12) AS expected_loss
FROM telecom_gold.telco_churn_scored
WHERE snapshot_date = (SELECT MAX(snapshot_date) FROM telecom_gold.telco_churn_scored)
GROUP BY risk_segment
ORDER BY mean_probability DESC`,
  reasons: `-- What speaks for leaving most often among customers at high risk.
SELECT
  reason.feature,
  COUNT(*) AS customers,
  AVG(reason.contribution) AS mean_contribution
FROM telecom_gold.telco_churn_scored, UNNEST(top_reasons) AS reason
WHERE risk_segment = 'high' AND reason.contribution > 0
GROUP BY reason.feature
ORDER BY customers DESC`,
  calibration: `-- Predicted beside observed, in tenths, where the outcome is known.
SELECT
  CAST(FLOOR(scored.churn_probability * 10) AS INT64) AS tenth,
  COUNT(*) AS customers,
  AVG(scored.churn_probability) AS predicted,
  SAFE_DIVIDE(COUNTIF(clean.churned), COUNT(*)) AS observed
FROM telecom_gold.telco_churn_scored AS scored
INNER JOIN telecom_silver.telco_churn_clean AS clean
  ON clean.customer_id = scored.customer_id AND clean.snapshot_date = scored.snapshot_date
WHERE clean.churned IS NOT NULL
GROUP BY tenth
ORDER BY tenth`,
  drift: `-- Features by drift, snapshot by snapshot.
SELECT snapshot_date, feature, psi, threshold, feature_drift_score, drifted
FROM telecom_monitoring.feature_drift_metrics
ORDER BY snapshot_date DESC, feature_drift_score DESC, feature`,
  models: `-- The AUC of every evaluated version, with its interval.
SELECT evaluated_on, model_version, value AS roc_auc, lower, upper, customers
FROM telecom_monitoring.model_metrics
WHERE metric = 'roc_auc' AND slice = 'all' AND model_version != ''
ORDER BY evaluated_at DESC`,
  cost: `-- Cost and tokens of answers by day and model.
SELECT
  used_on,
  model,
  COUNT(*) AS answers,
  SUM(input_tokens + output_tokens) AS tokens,
  SUM(cost_usd) AS cost_usd
FROM telecom_monitoring.llm_usage
GROUP BY used_on, model
ORDER BY used_on DESC, model`,
};
