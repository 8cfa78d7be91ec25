variable "project_id" {
  description = "Id of the project that holds the resources."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id = \"${var.project_id}\" is no project id: 6 to 30 lower-case letters, digits and -, a letter first. Take it from `gcloud projects list`."
  }
}

variable "env" {
  description = "Environment: dev or prod."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env = \"${var.env}\" is no environment. Write dev or prod."
  }
}

variable "labels" {
  description = "Labels of every resource that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "labels = ${jsonencode(var.labels)}: keys and values are lower-case letters, digits, _ and -, at most 63; a key starts with a letter. Rename the one that differs."
  }
}

variable "repository" {
  description = "GitHub repository, owner/name, to whose docs/operations/runbooks.md each alert's text links; null: the project's own."
  type        = string
  default     = "telecom-ml-llmops/telecom-ml-llmops"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository = \"${var.repository}\" is no repository. Write owner/name."
  }
}

variable "services" {
  description = "Cloud Run services by role; null: telecom-<role>-<env>. The names are the namespaces under which the Prometheus sidecar reports."
  type = object({
    assistant  = optional(string)
    churn      = optional(string)
    dispatcher = optional(string)
  })
  default  = {}
  nullable = false
}

variable "dispatch" {
  description = "Names of Pub/Sub subscriptions: the dispatcher's push subscriptions, and those of the dead-letter topics. Outputs of module scheduler_pubsub."
  type = object({
    subscriptions             = optional(list(string), [])
    dead_letter_subscriptions = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "channels" {
  description = "Notification channels by static key: type email, slack, webhook (HTTP with user and password) or pubsub; address is the e-mail address, the channel's name with #, the https URL, the topic's full name; severities that it hears of."
  type = map(object({
    type       = string
    address    = string
    username   = optional(string, "alerts")
    severities = optional(list(string), ["CRITICAL", "ERROR", "WARNING"])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for channel in var.channels : contains(["email", "slack", "webhook", "pubsub"], channel.type)])
    error_message = "channels has the types ${jsonencode({ for key, channel in var.channels : key => channel.type })}. Write email, slack, webhook or pubsub."
  }
  validation {
    condition     = alltrue([for channel in var.channels : channel.type != "webhook" || startswith(channel.address, "https://")])
    error_message = "A webhook's address must be https. Found: ${jsonencode([for channel in var.channels : channel.address if channel.type == "webhook"])}."
  }
  validation {
    condition     = alltrue([for channel in var.channels : channel.type != "email" || can(regex("^[^@\\s]+@[^@\\s]+$", channel.address))])
    error_message = "An e-mail channel's address is no e-mail address: ${jsonencode([for channel in var.channels : channel.address if channel.type == "email"])}."
  }
  validation {
    condition     = alltrue(flatten([for channel in var.channels : [for severity in channel.severities : contains(["CRITICAL", "ERROR", "WARNING"], severity)]]))
    error_message = "channels has the severities ${jsonencode({ for key, channel in var.channels : key => channel.severities })}. Write CRITICAL, ERROR or WARNING."
  }
  validation {
    condition     = var.env != "prod" || anytrue([for channel in var.channels : contains(channel.severities, "CRITICAL")])
    error_message = "channels has nobody who hears of CRITICAL, and in prod somebody must. Add a channel."
  }
}

variable "channel_secrets" {
  description = "Slack token or webhook password by channel key. Kept in the state: read them from Secret Manager at plan time, never from a file of the repository."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
}

variable "thresholds" {
  description = "When alerts fire: drift score (1 is drift), hours after which a batch is late, increase of the assistant's cost per message over the same 24 hours a day earlier, messages in each of the two below which that says nothing, USD that the assistant may cost in 24 hours, share of the churn service's answers that may fail."
  type = object({
    drift_score         = optional(number, 1)
    batch_late_hours    = optional(number, 26)
    cost_increase       = optional(number, 0.2)
    cost_messages       = optional(number, 100)
    assistant_daily_usd = optional(number, 20)
    churn_error_share   = optional(number, 0.01)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in values(var.thresholds) : value > 0])
    error_message = "thresholds = ${jsonencode(var.thresholds)}: every one is greater than 0. Correct the one that is not."
  }
  validation {
    condition     = var.thresholds.batch_late_hours >= 1 && var.thresholds.batch_late_hours <= 1000 && floor(var.thresholds.batch_late_hours) == var.thresholds.batch_late_hours
    error_message = "thresholds.batch_late_hours = ${var.thresholds.batch_late_hours}. Write whole hours from 1 to 1000."
  }
}

variable "batch" {
  description = "The pipeline whose success scores customers: the label `pipeline` of churn/pipeline_failed. The dispatcher's churn-scoring runs the pipeline churn."
  type        = string
  default     = "churn"
  nullable    = false

  validation {
    condition     = contains(["churn", "churn-retraining", "churn-automl"], var.batch)
    error_message = "batch = \"${var.batch}\" is no pipeline that reports. Write churn, churn-retraining or churn-automl."
  }
}

variable "batch_paused" {
  description = "Whether nobody starts that pipeline by itself; then nobody is told that scores are late."
  type        = bool
  default     = false
  nullable    = false
}

variable "objectives" {
  description = "Goals of the SLOs over rolling days: share of the assistant's requests that are answered, in full or honestly degraded; share of days on which no batch failed."
  type = object({
    assistant = optional(number, 0.999)
    batch     = optional(number, 0.95)
    days      = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for goal in [var.objectives.assistant, var.objectives.batch] : goal > 0 && goal <= 0.9999])
    error_message = "objectives = ${jsonencode(var.objectives)}: a goal is above 0 and at most 0.9999. Write 0.999 for 99.9 %."
  }
  validation {
    condition     = var.objectives.days >= 1 && var.objectives.days <= 30 && floor(var.objectives.days) == var.objectives.days
    error_message = "objectives.days = ${var.objectives.days}. Write whole days from 1 to 30."
  }
  validation {
    condition     = var.env != "prod" || var.objectives.assistant >= 0.999
    error_message = "objectives.assistant = ${var.objectives.assistant} in prod, where 0.999 is promised. Write 0.999 or more."
  }
}

variable "measured" {
  description = "Objectives whose service has answered a first request, so that Monitoring knows its metric: assistant. Before that it refuses them; those of jobs need not be named."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.measured, ["assistant"])) == 0
    error_message = "measured is ${jsonencode(var.measured)}: write assistant, or nothing; the batch is always measured."
  }
}

variable "uptime_checks" {
  description = "Uptime checks by static key: host and path of a service that may be reached from outside. They show an OIDC token of Monitoring's service agent, which needs roles/run.invoker. Cloud Run keeps paths that end in z to itself."
  type = map(object({
    host    = string
    path    = optional(string, "/metrics")
    period  = optional(string, "300s")
    timeout = optional(string, "10s")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for check in var.uptime_checks : contains(["60s", "300s", "600s", "900s"], check.period)])
    error_message = "uptime_checks has the periods ${jsonencode({ for key, check in var.uptime_checks : key => check.period })}. Write 60s, 300s, 600s or 900s."
  }
  validation {
    condition     = alltrue([for check in var.uptime_checks : startswith(check.path, "/") && !endswith(check.path, "z")])
    error_message = "uptime_checks has the paths ${jsonencode({ for key, check in var.uptime_checks : key => check.path })}. A path starts with / and, on Cloud Run, does not end in z: write /metrics."
  }
  validation {
    condition     = alltrue([for check in var.uptime_checks : can(regex("^[a-z0-9][-a-z0-9.]*[a-z0-9]$", check.host))])
    error_message = "uptime_checks has the hosts ${jsonencode({ for key, check in var.uptime_checks : key => check.host })}. Write the host alone, without https:// and path."
  }
}
