data "google_project" "project" {
  project_id = var.project_id
}

locals {
  agents = {
    aiplatform              = "service-%s@gcp-sa-aiplatform.iam.gserviceaccount.com"
    artifactregistry        = "service-%s@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery_encryption     = "bq-%s@bigquery-encryption.iam.gserviceaccount.com"
    cloudscheduler          = "service-%s@gcp-sa-cloudscheduler.iam.gserviceaccount.com"
    dataplex                = "service-%s@gcp-sa-dataplex.iam.gserviceaccount.com"
    discoveryengine         = "service-%s@gcp-sa-discoveryengine.iam.gserviceaccount.com"
    firestore               = "service-%s@gcp-sa-firestore.iam.gserviceaccount.com"
    iap                     = "service-%s@gcp-sa-iap.iam.gserviceaccount.com"
    monitoring_notification = "service-%s@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    pubsub                  = "service-%s@gcp-sa-pubsub.iam.gserviceaccount.com"
    run                     = "service-%s@serverless-robot-prod.iam.gserviceaccount.com"
    secretmanager           = "service-%s@gcp-sa-secretmanager.iam.gserviceaccount.com"
    storage                 = "service-%s@gs-project-accounts.iam.gserviceaccount.com"
  }
  service_agents = { for name, address in local.agents : name => "serviceAccount:${format(address, data.google_project.project.number)}" }

  # Those that encrypt with a key of one's own what this platform keeps.
  key_users = ["aiplatform", "artifactregistry", "bigquery_encryption", "firestore", "pubsub", "run", "secretmanager", "storage"]

  log_retention_days = coalesce(var.log_retention_days, var.env == "prod" ? 90 : 30)
  audit_logs = var.audit_logs != null ? var.audit_logs : merge(
    {
      "iam.googleapis.com"           = ["ADMIN_READ", "DATA_READ"]
      "secretmanager.googleapis.com" = ["DATA_READ", "DATA_WRITE"]
      "sts.googleapis.com"           = ["ADMIN_READ", "DATA_READ"]
    },
    var.env == "prod" ? { "storage.googleapis.com" = ["DATA_READ", "DATA_WRITE"] } : {},
  )
}

resource "google_project_service" "service" {
  for_each = setunion(var.services, var.more_services)

  project            = var.project_id
  service            = each.value
  disable_on_destroy = var.disable_services_on_destroy
}

resource "google_project_default_service_accounts" "defaults" {
  for_each = var.default_service_accounts == "KEEP" ? {} : { defaults = var.default_service_accounts }

  project        = var.project_id
  action         = each.value
  restore_policy = "REVERT_AND_IGNORE_FAILURE"

  depends_on = [google_project_service.service]
}

resource "google_logging_project_bucket_config" "default" {
  project        = var.project_id
  location       = "global"
  bucket_id      = "_Default"
  retention_days = local.log_retention_days

  depends_on = [google_project_service.service]
}

resource "google_org_policy_policy" "boolean" {
  for_each = var.boolean_constraints

  name   = "projects/${var.project_id}/policies/${each.key}"
  parent = "projects/${var.project_id}"

  spec {
    rules {
      enforce = each.value ? "TRUE" : "FALSE"
    }
  }
}

resource "google_billing_budget" "budget" {
  for_each = var.budget == null ? {} : { budget = var.budget }

  billing_account = each.value.billing_account
  display_name    = "${var.project_id} ${var.env}"

  budget_filter {
    projects               = ["projects/${data.google_project.project.number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = each.value.currency
      units         = tostring(each.value.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = each.value.thresholds

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  dynamic "threshold_rules" {
    for_each = each.value.forecast_thresholds

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "FORECASTED_SPEND"
    }
  }

  dynamic "all_updates_rule" {
    for_each = length(each.value.notification_channels) > 0 || each.value.pubsub_topic != null || !each.value.default_recipients ? { told = true } : {}

    content {
      monitoring_notification_channels = values(each.value.notification_channels)
      pubsub_topic                     = each.value.pubsub_topic
      schema_version                   = "1.0"
      disable_default_iam_recipients   = !each.value.default_recipients
    }
  }

  depends_on = [google_project_service.service]
}
