variables {
  project_id = "telecom-test-1"
  env        = "dev"
  labels     = { app = "telecom-ml-llmops" }
}

run "dev" {
  command = plan

  assert {
    condition     = keys(google_monitoring_alert_policy.this) == ["assistant_budget", "assistant_burn_fast", "assistant_burn_medium", "assistant_burn_slow", "assistant_cost", "batch_failed", "batch_late", "churn_errors", "churn_model_refused", "drift", "model_quality"]
    error_message = "Alerts are missing, or there is one about something that is not there."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : length(policy.conditions) == 1 && policy.conditions[0].condition_prometheus_query_language[0].disable_metric_validation && length(policy.documentation[0].content) > 20])
    error_message = "A policy has no condition, no remedy, or waits for a metric to exist."
  }
  assert {
    condition     = alltrue([for key, policy in google_monitoring_alert_policy.this : endswith(policy.documentation[0].content, "\n\n[What to do, step by step](https://github.com/telecom-ml-llmops/telecom-ml-llmops/blob/main/docs/operations/runbooks.md#${key})")])
    error_message = "An alert's text does not end with the link to its runbook."
  }
  assert {
    condition     = google_monitoring_alert_policy.this["drift"].conditions[0].condition_prometheus_query_language[0].query == "max(last_over_time(custom_googleapis_com:churn_drift_score{env=\"dev\"}[25h])) >= 1"
    error_message = "Drift is a score of 1 or more."
  }
  assert {
    condition     = alltrue([for key, factor in { fast = "14.4", medium = "6", slow = "1" } : length(regexall("> ${factor} \\* \\(1 - 0\\.999\\)", google_monitoring_alert_policy.this["assistant_burn_${key}"].conditions[0].condition_prometheus_query_language[0].query)) == 2])
    error_message = "A burn rate is not asked of two windows."
  }
  assert {
    condition     = alltrue([for key, windows in { fast = ["1h", "5m"], medium = ["6h", "30m"], slow = ["3d", "6h"] } : toset(flatten(regexall("\\[(\\d+[mhd])\\]", google_monitoring_alert_policy.this["assistant_burn_${key}"].conditions[0].condition_prometheus_query_language[0].query))) == toset(windows)])
    error_message = "A burn rate has other windows."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["assistant_cost"].conditions[0].condition_prometheus_query_language[0].query, "> (1 + 0.2) * ((sum(increase(assistant_cost_usd_total{namespace=\"telecom-assistant-dev\"}[24h] offset 24h)) or vector(0))") && length(regexall(">= 100", google_monitoring_alert_policy.this["assistant_cost"].conditions[0].condition_prometheus_query_language[0].query)) == 2
    error_message = "Cost per message is not compared with the same hours of the day before, or not with 100 messages in both."
  }
  assert {
    condition     = alltrue([for dashboard in google_monitoring_dashboard.this : length(jsondecode(dashboard.dashboard_json).mosaicLayout.tiles) > 15 && !strcontains(dashboard.dashboard_json, "$${")])
    error_message = "A dashboard is no JSON, is empty, or has a gap."
  }
  assert {
    condition     = alltrue([for dashboard in google_monitoring_dashboard.this : alltrue([for tile in jsondecode(dashboard.dashboard_json).mosaicLayout.tiles : tile.xPos + tile.width <= 48])])
    error_message = "A tile is wider than its dashboard."
  }
  assert {
    condition     = keys(google_monitoring_slo.this) == ["batch"] && keys(google_monitoring_custom_service.this) == ["batch"]
    error_message = "Nobody has asked the assistant yet, so that Monitoring would refuse its objective."
  }
  assert {
    condition     = google_monitoring_metric_descriptor.this["batch"].metric_kind == "GAUGE" && google_monitoring_metric_descriptor.this["batch"].value_type == "DOUBLE" && { for label in google_monitoring_metric_descriptor.this["batch"].labels : label.key => label.value_type } == { pipeline = "STRING", job = "STRING", env = "STRING" }
    error_message = "The batch's gauge is not what telecom/adapters/gcp/metrics.py writes."
  }
  assert {
    condition     = strcontains(google_monitoring_slo.this["batch"].windows_based_sli[0].metric_mean_in_range[0].time_series, "metric.type=\"${output.metrics["batch"]}\"")
    error_message = "The metric that is made is not the one that the objective looks at."
  }
  assert {
    condition     = google_monitoring_slo.this["batch"].goal == 0.95 && google_monitoring_slo.this["batch"].windows_based_sli[0].window_period == "86400s" && google_monitoring_slo.this["batch"].windows_based_sli[0].metric_mean_in_range[0].range[0].max == 0.001
    error_message = "The batch's objective is another."
  }
  # The provider sends no zero, and a range without an end is open there.
  assert {
    condition     = google_monitoring_slo.this["batch"].windows_based_sli[0].metric_mean_in_range[0].range[0].min == null
    error_message = "The range has a lower end that never reaches Monitoring."
  }
}

run "the_assistant_has_an_objective_once_it_was_asked" {
  command = plan

  variables {
    measured = ["assistant"]
  }

  assert {
    condition     = keys(google_monitoring_slo.this) == ["assistant", "batch"] && keys(google_monitoring_metric_descriptor.this) == ["batch"]
    error_message = "The assistant's metric is the sidecar's, and its objective is there."
  }
  assert {
    condition     = google_monitoring_slo.this["assistant"].goal == 0.999 && google_monitoring_slo.this["assistant"].rolling_period_days == 30 && strcontains(google_monitoring_slo.this["assistant"].request_based_sli[0].good_total_ratio[0].good_service_filter, "resource.labels.namespace=\"telecom-assistant-dev\"")
    error_message = "The assistant's objective is another."
  }
}

run "channels_uptime_dead_letters_in_prod" {
  command = apply

  variables {
    env        = "prod"
    repository = "acme/telecom"
    channels = {
      oncall = { type = "email", address = "oncall@example.com" }
      chat   = { type = "slack", address = "#churn", severities = ["WARNING"] }
      pager  = { type = "webhook", address = "https://pager.example.com/in", severities = ["CRITICAL"] }
      bus    = { type = "pubsub", address = "projects/telecom-test-1/topics/alerts" }
    }
    channel_secrets = { chat = "token", pager = "password" }
    dispatch        = { subscriptions = ["telecom-churn-prod"], dead_letter_subscriptions = ["telecom-churn-prod-dead", "telecom-other-prod-dead"] }
    uptime_checks   = { churn = { host = "telecom-churn-prod-1.us-central1.run.app" } }
    thresholds      = { drift_score = 1.5, batch_late_hours = 30 }
    objectives      = { assistant = 0.9995 }
    measured        = ["assistant"]
  }

  assert {
    condition     = { for key, channel in google_monitoring_notification_channel.this : key => channel.type } == { oncall = "email", chat = "slack", pager = "webhook_basicauth", bus = "pubsub" }
    error_message = "A channel is of another type."
  }
  assert {
    condition     = google_monitoring_notification_channel.this["chat"].labels == tomap({ channel_name = "#churn" }) && google_monitoring_notification_channel.this["pager"].labels == tomap({ url = "https://pager.example.com/in", username = "alerts" }) && length(google_monitoring_notification_channel.this["oncall"].sensitive_labels) == 0
    error_message = "A channel has another address."
  }
  assert {
    condition     = endswith(google_monitoring_alert_policy.this["dead_letters"].documentation[0].content, "(https://github.com/acme/telecom/blob/main/docs/operations/runbooks.md#dead_letters)")
    error_message = "Runbooks are those of the repository that was given."
  }
  assert {
    condition     = length(google_monitoring_alert_policy.this["assistant_burn_fast"].notification_channels) == 3 && length(google_monitoring_alert_policy.this["drift"].notification_channels) == 3 && length(google_monitoring_alert_policy.this["batch_late"].notification_channels) == 2 && !contains(google_monitoring_alert_policy.this["drift"].notification_channels, google_monitoring_notification_channel.this["pager"].name)
    error_message = "Somebody hears of what does not concern them, or does not hear of what does."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["dead_letters"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=~\"telecom-churn-prod-dead|telecom-other-prod-dead\"") && strcontains(google_monitoring_alert_policy.this["messages_stuck"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=~\"telecom-churn-prod\"")
    error_message = "Dead letters or waiting messages of a subscription go unnoticed."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["down"].conditions[0].condition_prometheus_query_language[0].query, "host=~\"telecom-churn-prod-1[.]us-central1[.]run[.]app\"")
    error_message = "A service that is down goes unnoticed."
  }
  assert {
    condition     = google_monitoring_uptime_check_config.this["churn"].http_check[0].use_ssl && google_monitoring_uptime_check_config.this["churn"].http_check[0].service_agent_authentication[0].type == "OIDC_TOKEN" && google_monitoring_uptime_check_config.this["churn"].http_check[0].path == "/metrics"
    error_message = "The uptime check asks without a token, or a path that Cloud Run keeps to itself."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["drift"].conditions[0].condition_prometheus_query_language[0].query, ">= 1.5") && strcontains(google_monitoring_alert_policy.this["batch_late"].conditions[0].condition_prometheus_query_language[0].query, "[30h]") && google_monitoring_slo.this["assistant"].goal == 0.9995
    error_message = "A threshold or goal is not the one that was given."
  }
}

run "nobody_is_told_that_scores_are_late_which_nobody_asked_for" {
  command = plan

  variables {
    batch_paused = true
  }

  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.this), "batch_late") && contains(keys(google_monitoring_alert_policy.this), "batch_failed")
    error_message = "Where the schedule is paused, only a run that failed alerts."
  }
}

run "prod_refuses_silence_and_less_than_promised" {
  command = plan

  variables {
    env        = "prod"
    objectives = { assistant = 0.99 }
  }

  expect_failures = [var.channels, var.objectives]
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    channels      = { a = { type = "fax", address = "1" }, b = { type = "webhook", address = "http://example.com" } }
    thresholds    = { drift_score = 0 }
    batch         = "churn-scoring"
    objectives    = { days = 90 }
    measured      = ["batch"]
    uptime_checks = { a = { host = "https://example.com", path = "/healthz", period = "5s" } }
  }

  expect_failures = [var.channels, var.thresholds, var.batch, var.objectives, var.measured, var.uptime_checks]
}

run "refuses_a_channel_without_its_secret" {
  command = plan

  variables {
    channels = { chat = { type = "slack", address = "#churn" } }
  }

  expect_failures = [google_monitoring_notification_channel.this]
}
