variable "project_id" {
  description = "Project in which everything of this module is made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${jsonencode(var.project_id)}, which is no project id: write 6 to 30 lowercase letters, digits and '-', a letter first."
  }
}

variable "env" {
  description = "Environment; prod keeps logs longer and records who reads data."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "services" {
  description = "APIs that the platform needs."
  type        = set(string)
  nullable    = false
  default = [
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigquerydatapolicy.googleapis.com",
    "bigquerystorage.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudquotas.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "containerscanning.googleapis.com",
    "datacatalog.googleapis.com",
    "dataplex.googleapis.com",
    "discoveryengine.googleapis.com",
    "dns.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "modelarmor.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ]

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z0-9-]+[.]googleapis[.]com$", service))])
    error_message = "services has ${jsonencode([for service in var.services : service if !can(regex("^[a-z0-9-]+[.]googleapis[.]com$", service))])}: write full names such as run.googleapis.com."
  }
}

variable "more_services" {
  description = "APIs besides those of `services`, for what an environment has and others have not."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.more_services : can(regex("^[a-z0-9-]+[.]googleapis[.]com$", service))])
    error_message = "more_services is ${jsonencode(var.more_services)}: write full names such as iap.googleapis.com."
  }
}

variable "kms_key" {
  description = "Key of one's own that Google's accounts are let to use: Artifact Registry's, BigQuery's, Cloud Run's, Firestore's, Pub/Sub's, Secret Manager's, Cloud Storage's and Vertex AI's. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${jsonencode(var.kms_key)}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }
}

variable "disable_services_on_destroy" {
  description = "Whether destroy also turns the APIs off. Others may use them, so that it does not by default."
  type        = bool
  default     = false
  nullable    = false
}

variable "default_service_accounts" {
  description = "What becomes of Google's default service accounts (Compute Engine, App Engine): KEEP leaves them, DEPRIVILEGE takes the editor role from them, DISABLE turns them off."
  type        = string
  default     = "DEPRIVILEGE"
  nullable    = false

  validation {
    condition     = contains(["KEEP", "DEPRIVILEGE", "DISABLE"], var.default_service_accounts)
    error_message = "default_service_accounts is ${jsonencode(var.default_service_accounts)}: write KEEP, DEPRIVILEGE or DISABLE."
  }

  validation {
    condition     = var.env == "dev" || var.default_service_accounts != "KEEP"
    error_message = "default_service_accounts is \"KEEP\" in prod, where default accounts would stay editors of the project: write DEPRIVILEGE or DISABLE."
  }
}

variable "audit_logs" {
  description = "Data access logs: service => log types (ADMIN_READ, DATA_READ, DATA_WRITE). Default: who reads secrets and who takes tokens; in prod also who reads and writes objects. BigQuery always logs its own."
  type        = map(set(string))
  default     = null

  validation {
    condition     = alltrue([for types in values(coalesce(var.audit_logs, {})) : length(types) > 0 && length(setsubtract(types, ["ADMIN_READ", "DATA_READ", "DATA_WRITE"])) == 0])
    error_message = "audit_logs is ${jsonencode(var.audit_logs)}: each service needs one or more of ADMIN_READ, DATA_READ, DATA_WRITE."
  }

  validation {
    condition     = var.env == "dev" || var.audit_logs == null || contains(keys(coalesce(var.audit_logs, {})), "secretmanager.googleapis.com") || contains(keys(coalesce(var.audit_logs, {})), "allServices")
    error_message = "audit_logs names ${jsonencode(keys(coalesce(var.audit_logs, {})))} in prod: who reads secrets must be on record; add secretmanager.googleapis.com."
  }
}

variable "log_retention_days" {
  description = "Days for which the project's default log bucket keeps logs. Default: 30 in dev, 90 in prod."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.log_retention_days, 90) >= 1 && coalesce(var.log_retention_days, 90) <= 3650
    error_message = "log_retention_days is ${jsonencode(var.log_retention_days)}: write 1 to 3650."
  }

  validation {
    condition     = var.env == "dev" || coalesce(var.log_retention_days, 90) >= 90
    error_message = "log_retention_days is ${jsonencode(var.log_retention_days)}: prod keeps logs for 90 days or more."
  }
}

variable "boolean_constraints" {
  description = "Organisation policies that are on or off here, for example { \"iam.disableServiceAccountKeyCreation\" = true }. They need an organisation above the project and somebody who may set its policies; therefore none by default."
  type        = map(bool)
  default     = {}
  nullable    = false
}

variable "budget" {
  description = <<-EOT
    Budget of this project with its alerts; null for none.
      billing_account        id XXXXXX-XXXXXX-XXXXXX
      amount                 whole units of the currency, a month
      currency               that of the billing account
      thresholds             shares of the amount already spent that alert
      forecast_thresholds    shares of the amount that the month's forecast must reach to alert
      notification_channels  key => id of a Monitoring channel of type email, at most 5; no others are taken
      pubsub_topic           id of a topic that receives every update
      default_recipients     whether billing administrators and users are told by e-mail too
  EOT
  type = object({
    billing_account       = string
    amount                = number
    currency              = optional(string, "USD")
    thresholds            = optional(set(number), [0.5, 0.8, 1])
    forecast_thresholds   = optional(set(number), [1, 1.2])
    notification_channels = optional(map(string), {})
    pubsub_topic          = optional(string)
    default_recipients    = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account is ${jsonencode(try(var.budget.billing_account, null))}: write the id that `gcloud billing accounts list` prints, XXXXXX-XXXXXX-XXXXXX."
  }

  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount is ${jsonencode(try(var.budget.amount, null))}: write a whole number of at least 1."
  }

  validation {
    condition     = var.budget == null || try(length(var.budget.thresholds) > 0 && alltrue([for share in setunion(var.budget.thresholds, var.budget.forecast_thresholds) : share > 0 && share <= 10]), false)
    error_message = "budget.thresholds is ${jsonencode(try(var.budget.thresholds, null))}, forecast_thresholds ${jsonencode(try(var.budget.forecast_thresholds, null))}: write shares of the amount, 0.5 for half of it, at least one threshold."
  }

  validation {
    condition     = var.budget == null || try(length(var.budget.notification_channels) <= 5, false)
    error_message = "budget.notification_channels has ${length(try(var.budget.notification_channels, {}))} channels: a budget takes at most 5, all of type email."
  }

  validation {
    condition     = var.budget == null || try(var.budget.default_recipients || length(var.budget.notification_channels) > 0 || var.budget.pubsub_topic != null, false)
    error_message = "budget tells nobody: leave default_recipients on, or name notification_channels or a pubsub_topic."
  }
}
