-- Each ticket of the customer's last year in its newest known state: those open first, then the newest.
SELECT
  snapshot_date,
  ticket_id,
  opened_at,
  closed_at,
  category,
  priority,
  channel,
  status,
  subject,
  description,
  resolution
FROM telecom_bronze.service_tickets
WHERE
  customer_id = @customer_id
  AND snapshot_date BETWEEN @since AND @today
  AND DATE(opened_at) BETWEEN DATE_SUB(@today, INTERVAL 365 DAY) AND @today
QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY snapshot_date DESC) = 1
ORDER BY IF(closed_at IS NULL, 0, 1), opened_at DESC, ticket_id
LIMIT 20
