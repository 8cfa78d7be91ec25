# Everything that names a metric is a file of its own (dashboards/, alerts.yaml, objectives.yaml), so that a test can
# compare it with what the code emits. This file fills in names and figures.

locals {
  services = {
    for role in ["assistant", "churn", "dispatcher"] : role => coalesce(var.services[role], "telecom-${role}-${var.env}")
  }
  lists = {
    dead_letters  = var.dispatch.dead_letter_subscriptions
    subscriptions = var.dispatch.subscriptions
    uptime_hosts  = distinct([for check in var.uptime_checks : check.host])
    schedules     = var.batch_paused ? [] : [var.batch]
  }
  values = merge(
    local.services,
    { for name, list in local.lists : name => length(list) > 0 ? join("|", [for item in list : replace(item, ".", "[.]")]) : "none" },
    { for name, value in var.thresholds : name => tostring(value) },
    {
      env            = var.env
      batch          = var.batch
      assistant_goal = tostring(var.objectives.assistant)
      batch_goal     = tostring(var.objectives.batch)
    },
  )

  alerts = {
    for key, alert in yamldecode(templatefile("${path.module}/alerts.yaml", local.values)) : key => alert
    if length(try(local.lists[alert.when], ["always"])) > 0
  }
  objectives = {
    for key, objective in yamldecode(templatefile("${path.module}/objectives.yaml", local.values)) : key => objective
    if can(objective.metric) || contains(var.measured, key)
  }
  metrics = yamldecode(file("${path.module}/metrics.yaml"))
  labels  = merge(var.labels, { env = var.env })
}

resource "google_monitoring_dashboard" "this" {
  for_each = toset(["mlops", "llmops"])

  project        = var.project_id
  dashboard_json = templatefile("${path.module}/dashboards/${each.key}.json", local.values)
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  project      = var.project_id
  display_name = "${each.value.name} (${var.env})"
  combiner     = "OR"
  severity     = each.value.severity
  user_labels  = local.labels
  notification_channels = [
    for key, channel in var.channels : google_monitoring_notification_channel.this[key].name if contains(channel.severities, each.value.severity)
  ]

  conditions {
    display_name = each.value.name

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = try(each.value.for, "0s")
      evaluation_interval = try(each.value.interval, "60s")
      # A metric exists from its first point on, which comes after the policy.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "604800s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${trimspace(each.value.remedy)}\n\n[What to do, step by step](https://github.com/${var.repository}/blob/main/docs/operations/runbooks.md#${each.key})"
  }
}

# Gauges of jobs come into being with their first point; those of objectives are made here, as the code writes them.
# Monitoring takes a metric over that is there already.
resource "google_monitoring_metric_descriptor" "this" {
  for_each = { for key, objective in local.objectives : key => objective if can(objective.metric) }

  project      = var.project_id
  type         = each.value.metric
  display_name = replace(each.value.metric, "/^[^/]*[/]/", "")
  description  = each.value.name
  metric_kind  = "GAUGE"
  value_type   = "DOUBLE"

  dynamic "labels" {
    for_each = toset(local.metrics[replace(each.value.metric, "/^[^/]*[/]/", "")].labels)

    content {
      key        = labels.value
      value_type = "STRING"
    }
  }
}

resource "google_monitoring_custom_service" "this" {
  for_each = local.objectives

  project      = var.project_id
  service_id   = each.value.service
  display_name = each.value.service
  user_labels  = local.labels
}

resource "google_monitoring_slo" "this" {
  for_each = local.objectives

  project             = var.project_id
  service             = google_monitoring_custom_service.this[each.key].service_id
  slo_id              = "${each.key}-${var.env}"
  display_name        = "${each.value.name} (${var.env})"
  goal                = each.value.goal
  rolling_period_days = var.objectives.days
  user_labels         = local.labels

  dynamic "request_based_sli" {
    for_each = can(each.value.good) ? [each.value] : []

    content {
      good_total_ratio {
        good_service_filter = request_based_sli.value.good
        bad_service_filter  = request_based_sli.value.bad
      }
    }
  }

  dynamic "windows_based_sli" {
    for_each = can(each.value.gauge) ? [each.value] : []

    content {
      window_period = "86400s"

      metric_mean_in_range {
        time_series = windows_based_sli.value.gauge

        range {
          max = windows_based_sli.value.most
        }
      }
    }
  }

  depends_on = [google_monitoring_metric_descriptor.this]
}

resource "google_monitoring_uptime_check_config" "this" {
  for_each = var.uptime_checks

  project      = var.project_id
  display_name = "${each.key} (${var.env})"
  period       = each.value.period
  timeout      = each.value.timeout
  user_labels  = local.labels

  http_check {
    path         = each.value.path
    port         = 443
    use_ssl      = true
    validate_ssl = true

    service_agent_authentication {
      type = "OIDC_TOKEN"
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = each.value.host
    }
  }
}
