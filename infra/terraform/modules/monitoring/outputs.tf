output "channels" {
  description = "Resource names of the notification channels by key, for budgets."
  value       = { for key, channel in google_monitoring_notification_channel.this : key => channel.name }
}

output "policies" {
  description = "Resource names of the alert policies by key."
  value       = { for key, policy in google_monitoring_alert_policy.this : key => policy.name }
}

output "dashboards" {
  description = "Ids of the dashboards by name."
  value       = { for name, dashboard in google_monitoring_dashboard.this : name => dashboard.id }
}

output "metrics" {
  description = "Types of the metrics that were made for objectives, by their keys."
  value       = { for key, made in google_monitoring_metric_descriptor.this : key => made.type }
}

output "slos" {
  description = "Resource names of the service level objectives by key."
  value       = { for key, slo in google_monitoring_slo.this : key => slo.name }
}

output "uptime_checks" {
  description = "Ids of the uptime checks by key."
  value       = { for key, check in google_monitoring_uptime_check_config.this : key => check.uptime_check_id }
}
