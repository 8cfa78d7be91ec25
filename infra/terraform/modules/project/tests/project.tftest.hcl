variables {
  project_id = "acme-telecom"
  env        = "dev"
}

run "defaults_of_dev" {
  command = plan

  assert {
    condition     = length(google_project_service.service) == length(var.services) && contains(keys(google_project_service.service), "run.googleapis.com")
    error_message = "Every API of services has to be turned on."
  }
  assert {
    condition     = alltrue([for service in google_project_service.service : service.disable_on_destroy == false])
    error_message = "Destroy must leave APIs on that others may use."
  }
  assert {
    condition     = google_project_default_service_accounts.defaults["defaults"].action == "DEPRIVILEGE"
    error_message = "Google's default accounts must not stay editors."
  }
  assert {
    condition     = google_logging_project_bucket_config.default.retention_days == 30
    error_message = "Dev keeps logs for 30 days."
  }
  assert {
    condition     = toset(keys(google_project_iam_audit_config.audit)) == toset(["iam.googleapis.com", "secretmanager.googleapis.com", "sts.googleapis.com"])
    error_message = "Dev records who reads secrets and who takes tokens, nothing else."
  }
  assert {
    condition     = length(google_billing_budget.budget) == 0 && length(google_org_policy_policy.boolean) == 0 && output.budget == null && length(google_kms_crypto_key_iam_member.agent) == 0 && output.kms_key == null
    error_message = "Without a budget, constraints and a key none is made."
  }
  assert {
    condition     = can(regex("^serviceAccount:service-[0-9]+@gcp-sa-pubsub[.]iam[.]gserviceaccount[.]com$", output.service_agents["pubsub"])) && can(regex("^serviceAccount:bq-[0-9]+@bigquery-encryption[.]", output.service_agents["bigquery_encryption"]))
    error_message = "Service agents are members with the project's number in them."
  }
}

run "prod_is_stricter" {
  command = plan

  variables {
    env           = "prod"
    more_services = ["iap.googleapis.com"]
    kms_key       = "projects/keys-1/locations/us-central1/keyRings/telecom/cryptoKeys/prod"
  }

  assert {
    condition     = contains(keys(google_project_service.service), "iap.googleapis.com") && length(google_project_service.service) == length(var.services) + 1
    error_message = "An environment adds its own APIs to those of all."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.agent)) == toset(["aiplatform", "artifactregistry", "bigquery_encryption", "firestore", "pubsub", "run", "secretmanager", "storage"]) && alltrue([for grant in google_kms_crypto_key_iam_member.agent : grant.crypto_key_id == var.kms_key && grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter"])
    error_message = "Everybody who encrypts for us may use the key, and no more."
  }
  assert {
    condition     = output.kms_key == var.kms_key
    error_message = "The key is handed on."
  }

  assert {
    condition     = google_logging_project_bucket_config.default.retention_days == 90
    error_message = "Prod keeps logs for 90 days."
  }
  assert {
    condition     = contains(keys(google_project_iam_audit_config.audit), "storage.googleapis.com")
    error_message = "Prod records who reads and writes objects."
  }
}

run "budget_with_alerts" {
  command = plan

  variables {
    default_service_accounts = "KEEP"
    log_retention_days       = 7
    audit_logs               = {}
    boolean_constraints      = { "iam.disableServiceAccountKeyCreation" = true }
    budget = {
      billing_account       = "01AB23-CD45EF-678901"
      amount                = 300
      currency              = "BRL"
      thresholds            = [0.5, 1]
      forecast_thresholds   = [1.2]
      notification_channels = { mail = "projects/acme-telecom/notificationChannels/1" }
    }
  }

  assert {
    condition     = one(one(google_billing_budget.budget["budget"].amount).specified_amount).units == "300" && one(one(google_billing_budget.budget["budget"].amount).specified_amount).currency_code == "BRL"
    error_message = "The amount is that of the variable."
  }
  assert {
    condition     = toset([for rule in google_billing_budget.budget["budget"].threshold_rules : "${rule.spend_basis} ${rule.threshold_percent}"]) == toset(["CURRENT_SPEND 0.5", "CURRENT_SPEND 1", "FORECASTED_SPEND 1.2"])
    error_message = "Every threshold alerts, on what is spent and on the forecast."
  }
  assert {
    condition     = one(google_billing_budget.budget["budget"].all_updates_rule).monitoring_notification_channels == tolist(["projects/acme-telecom/notificationChannels/1"]) && one(google_billing_budget.budget["budget"].all_updates_rule).disable_default_iam_recipients == false
    error_message = "Channels are told, and billing administrators too."
  }
  assert {
    condition     = one(google_billing_budget.budget["budget"].budget_filter).projects == toset(["projects/${output.number}"])
    error_message = "The budget counts this project alone."
  }
  assert {
    condition     = one(one(google_org_policy_policy.boolean["iam.disableServiceAccountKeyCreation"].spec).rules).enforce == "TRUE" && google_org_policy_policy.boolean["iam.disableServiceAccountKeyCreation"].parent == "projects/acme-telecom"
    error_message = "A constraint is enforced on the project."
  }
  assert {
    condition     = length(google_project_default_service_accounts.defaults) == 0 && length(google_project_iam_audit_config.audit) == 0 && google_logging_project_bucket_config.default.retention_days == 7
    error_message = "In dev, what was asked for is done."
  }
}

run "prod_refuses_what_dev_may_and_a_budget_that_tells_nobody" {
  command = plan

  variables {
    env                      = "prod"
    default_service_accounts = "KEEP"
    log_retention_days       = 30
    audit_logs               = { "iam.googleapis.com" = ["ADMIN_READ"] }
    budget                   = { billing_account = "01AB23-CD45EF-678901", amount = 300, default_recipients = false }
  }

  expect_failures = [var.default_service_accounts, var.log_retention_days, var.audit_logs, var.budget]
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    project_id = "Acme"
    env        = "staging"
    services   = ["run"]
    budget     = { billing_account = "mine", amount = 0.5, thresholds = [] }

    more_services = ["iap"]
    kms_key       = "mine"
  }

  expect_failures = [var.project_id, var.env, var.services, var.budget, var.more_services, var.kms_key]
}
