variable "project_id" {
  description = "Id of the project that holds the resources."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id = \"${var.project_id}\" is no project id: 6 to 30 lower-case letters, digits and -, a letter first. Take it from `gcloud projects list`."
  }
}

variable "region" {
  description = "Region of every resource; the same as TELECOM_REGION."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region = \"${var.region}\" is no region. Write one such as us-central1."
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

variable "schemas_path" {
  description = "Folder of the table contracts, `*.yaml`; null: data/schemas of this repository."
  type        = string
  default     = null
}

variable "feature_group" {
  description = "Feature group over a contract table: name, table (full name), entity column. Must be what `telecom features` registers. null: the command makes it."
  type = object({
    name   = optional(string, "telco_churn")
    table  = optional(string, "telecom_gold.telco_churn_features")
    entity = optional(string, "customer_id")
  })
  default = {}

  validation {
    condition     = var.feature_group == null || can(regex("^[a-z_][a-z0-9_]{0,127}$", var.feature_group.name))
    error_message = "feature_group.name = \"${try(var.feature_group.name, "")}\": lower-case letters, digits and _, no digit first. The code's name is telco_churn."
  }
  validation {
    condition     = var.feature_group == null || can(regex("^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$", var.feature_group.table))
    error_message = "feature_group.table = \"${try(var.feature_group.table, "")}\" is no dataset.table. Write the full name of a contract."
  }
}

variable "table_ids" {
  description = "Ids of the contract tables by full name, to be waited for. Output `table_ids` of module bigquery."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "online_store" {
  description = "Bigtable online store, billed by the hour, named as TELECOM_ONLINE_STORE; null: reads go to BigQuery. feature_views are those beside the views that the code makes for each snapshot: source (dataset.table), entity column, cron."
  type = object({
    name                   = string
    min_node_count         = optional(number, 1)
    max_node_count         = optional(number, 2)
    cpu_utilization_target = optional(number, 60)
    feature_views = optional(map(object({
      source = string
      entity = optional(string, "customer_id")
      cron   = optional(string, "TZ=UTC 0 6 * * *")
    })), {})
  })
  default = null

  validation {
    condition     = var.online_store == null || can(regex("^[a-z_][a-z0-9_]{0,59}$", var.online_store.name))
    error_message = "online_store.name = \"${try(var.online_store.name, "")}\": lower-case letters, digits and _, no digit first, at most 60."
  }
  validation {
    condition     = var.online_store == null || try(var.online_store.min_node_count >= 1 && var.online_store.max_node_count >= var.online_store.min_node_count && var.online_store.max_node_count <= 10 * var.online_store.min_node_count, false)
    error_message = "online_store has ${try(var.online_store.min_node_count, 0)} to ${try(var.online_store.max_node_count, 0)} nodes. Write 1 or more, and at most ten times the smaller number as the larger one."
  }
  validation {
    condition     = var.online_store == null || try(var.online_store.cpu_utilization_target >= 10 && var.online_store.cpu_utilization_target <= 80, false)
    error_message = "online_store.cpu_utilization_target = ${try(var.online_store.cpu_utilization_target, 0)}. Write a percentage from 10 to 80."
  }
  validation {
    condition     = var.online_store == null || alltrue([for name in keys(try(var.online_store.feature_views, {})) : can(regex("^[a-z_][a-z0-9_]{0,59}$", name)) && !can(regex("_[0-9]{8}_[0-9]+$", name))])
    error_message = "online_store.feature_views has ${jsonencode(keys(try(var.online_store.feature_views, {})))}. Names are lower-case letters, digits and _, and must not end as _20261120_1: each sync of the code deletes views of such names."
  }
}

variable "endpoint" {
  description = "Endpoint for online predictions: its number (TELECOM_ENDPOINT) and display name (null: telecom-<env>). null: batch only."
  type = object({
    number       = string
    display_name = optional(string)
    dedicated    = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.endpoint == null || can(regex("^[1-9][0-9]{0,8}$", var.endpoint.number))
    error_message = "endpoint.number = \"${try(var.endpoint.number, "")}\": an endpoint's name is a number of at most nine digits without a leading zero, as TELECOM_ENDPOINT takes it."
  }
}

variable "armor" {
  description = "Model Armor template of the assistant: its name (null: telecom-assistant-<env>), from which confidence on an order hidden in a text counts (null: MEDIUM_AND_ABOVE, in prod LOW_AND_ABOVE), harmful content by kind => confidence. Malicious links and sensitive data are always looked for, in every language. null: no template."
  type = object({
    name                 = optional(string)
    injection_confidence = optional(string)
    harm                 = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.armor == null || can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", coalesce(var.armor.name, "telecom-assistant")))
    error_message = "armor.name = \"${try(coalesce(var.armor.name, ""), "")}\": 2 to 63 lower-case letters, digits and -, a letter first."
  }
  validation {
    condition = var.armor == null || try(alltrue([
      for level in concat(values(var.armor.harm), [coalesce(var.armor.injection_confidence, "HIGH")]) : contains(["LOW_AND_ABOVE", "MEDIUM_AND_ABOVE", "HIGH"], level)
    ]), false)
    error_message = "armor has the confidences ${jsonencode(try(concat(values(var.armor.harm), compact([var.armor.injection_confidence])), []))}. Write LOW_AND_ABOVE, MEDIUM_AND_ABOVE or HIGH."
  }
  validation {
    condition     = var.armor == null || length(setsubtract(keys(try(var.armor.harm, {})), ["DANGEROUS", "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT"])) == 0
    error_message = "armor.harm has ${jsonencode(keys(try(var.armor.harm, {})))}. Write DANGEROUS, HARASSMENT, HATE_SPEECH or SEXUALLY_EXPLICIT."
  }
  validation {
    condition     = var.env != "prod" || try(coalesce(var.armor.injection_confidence, "LOW_AND_ABOVE") != "HIGH", true)
    error_message = "armor.injection_confidence = \"HIGH\" in prod lets through what is only likely an attack. Write MEDIUM_AND_ABOVE or LOW_AND_ABOVE."
  }
}

variable "kms_key_name" {
  description = "Customer-managed key of the endpoint; null: Google's keys."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the online store also deletes the feature views that the code made."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.force_destroy || var.env != "prod"
    error_message = "force_destroy = true in prod. Only dev may be torn down."
  }
}
