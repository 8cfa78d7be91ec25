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

variable "datasets" {
  description = "Datasets by id, each with its iam (role => static key => member). Every dataset of a contract must be among them; telecom_staging and telecom_analytics have no contracts."
  type = map(object({
    description            = optional(string)
    iam                    = optional(map(map(string)), {})
    table_expiration_hours = optional(number)
  }))
  default = {
    telecom_bronze     = {}
    telecom_silver     = {}
    telecom_gold       = {}
    telecom_monitoring = {}
    telecom_staging    = { table_expiration_hours = 72 }
    telecom_analytics  = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.datasets) : can(regex("^[a-z][a-z0-9_]{0,127}$", id))])
    error_message = "datasets has the keys ${jsonencode(keys(var.datasets))}: a dataset id is lower-case letters, digits and _, a letter first. Rename the one that differs."
  }
  validation {
    condition     = alltrue([for dataset in var.datasets : coalesce(dataset.table_expiration_hours, 1) >= 1])
    error_message = "table_expiration_hours = ${jsonencode([for dataset in var.datasets : dataset.table_expiration_hours])}: BigQuery keeps a table for one hour at the least. Write 1 or more, or leave it out."
  }
  validation {
    condition     = try(var.datasets["telecom_staging"].table_expiration_hours >= 24, !contains(keys(var.datasets), "telecom_staging"))
    error_message = "telecom_staging has table_expiration_hours = ${jsonencode(try(var.datasets["telecom_staging"].table_expiration_hours, null))}: jobs leave tables there that nobody deletes, and read them for up to a day. Write 24 or more."
  }
  validation {
    condition = alltrue(flatten([
      for dataset in var.datasets : [
        for role, members in dataset.iam : [
          for member in values(members) : !contains(["allUsers", "allAuthenticatedUsers"], member)
        ]
      ]
    ]))
    error_message = "datasets opens data to allUsers or allAuthenticatedUsers. Name groups or service accounts."
  }
  validation {
    condition = alltrue(flatten([
      for dataset in var.datasets : [
        for role in keys(dataset.iam) : startswith(role, "roles/bigquery.") && !contains(["roles/bigquery.admin", "roles/bigquery.dataOwner"], role)
      ]
    ]))
    error_message = "datasets grants ${jsonencode(distinct(flatten([for dataset in var.datasets : keys(dataset.iam)])))}: only roles of BigQuery less than owner belong on a dataset. Use roles/bigquery.dataViewer or roles/bigquery.dataEditor."
  }
}

variable "tables" {
  description = "iam (role => static key => member) of single contract tables by full name `dataset.table`, for those who need less than a dataset."
  type        = map(object({ iam = optional(map(map(string)), {}) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.tables) : can(regex("^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$", name))])
    error_message = "tables has the keys ${jsonencode(keys(var.tables))}. Write full names, dataset.table, as contracts have them."
  }
  validation {
    condition     = alltrue(flatten([for table in var.tables : [for members in table.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "tables has a member that is no named principal among ${jsonencode({ for name, table in var.tables : name => { for role, members in table.iam : role => keys(members) } })}. Name groups or service accounts; allUsers and allAuthenticatedUsers are refused."
  }
  validation {
    condition     = alltrue(flatten([for table in var.tables : [for role in keys(table.iam) : contains(["roles/bigquery.dataEditor", "roles/bigquery.dataViewer", "roles/bigquery.metadataViewer"], role)]]))
    error_message = "tables grants ${jsonencode(distinct(flatten([for table in var.tables : keys(table.iam)])))}. Use roles/bigquery.dataViewer, metadataViewer or dataEditor."
  }
}

variable "policy_tags" {
  description = "Policy tag (resource name) per PII class of the contracts; empty: columns are not tagged. Output `policy_tags` of module data_catalog."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for class in keys(var.policy_tags) : contains(["quasi_identifier", "identifier", "contact", "government_id"], class)])
    error_message = "policy_tags has the classes ${jsonencode(keys(var.policy_tags))}; contracts know quasi_identifier, identifier, contact and government_id. Remove the others."
  }
  validation {
    condition     = var.env != "prod" || length(var.policy_tags) > 0
    error_message = "policy_tags is empty, and in prod personal data must be tagged. Pass module.data_catalog.policy_tags."
  }
}

variable "dev_expiration_days" {
  description = "In dev, age at which partitions of contract tables expire, counted from the partition's own day. Nothing expires in prod."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = var.dev_expiration_days >= 30 && floor(var.dev_expiration_days) == var.dev_expiration_days
    error_message = "dev_expiration_days = ${var.dev_expiration_days}: a monthly snapshot must outlive its month. Write a whole number from 30 on."
  }
}

variable "kms_key_name" {
  description = "Customer-managed key (projects/…/cryptoKeys/…) of every dataset; null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "kms_key_name = \"${coalesce(var.kms_key_name, "null")}\" is no key. Write projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete tables and views."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.deletion_protection || var.env != "prod"
    error_message = "deletion_protection = false in prod. Only dev may be torn down."
  }
}

variable "force_destroy" {
  description = "Whether destroying a dataset also deletes tables that Terraform did not make."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.force_destroy || var.env != "prod"
    error_message = "force_destroy = true in prod. Only dev may be torn down."
  }
}
