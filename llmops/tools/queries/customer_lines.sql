-- The customer's lines as the network last reported them.
SELECT
  snapshot_date,
  line_id,
  service,
  technology,
  city,
  state,
  area,
  node_id,
  status,
  contracted_mbps,
  sync_mbps,
  optical_power_dbm,
  snr_margin_db,
  attenuation_db,
  signal_rsrp_dbm,
  packet_loss_pct,
  latency_ms,
  uptime_hours,
  last_seen_at,
  equipment_model,
  firmware_version,
  incident_id,
  incident_started_at,
  incident_expected_end_at,
  measured_at
FROM telecom_bronze.network_lines
WHERE customer_id = @customer_id AND snapshot_date BETWEEN @since AND @today
QUALIFY snapshot_date = MAX(snapshot_date) OVER ()
ORDER BY service, line_id
LIMIT 10
