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

variable "zones" {
  description = "Zones of the lake by name (raw, curated, analytics), each with its buckets (bucket name and the file formats in it), datasets (dataset ids), and whether its files are searched for tables. A bucket or dataset is one asset, whole: Dataplex knows no prefixes. A zone is called telecom-zone-<name>, and publishes what it finds in a dataset telecom_zone_<name>."
  type = map(object({
    type        = string
    description = optional(string, "")
    buckets     = optional(map(object({ name = string, formats = list(string) })), {})
    datasets    = optional(map(string), {})
    discovery   = optional(bool, true)
  }))
  nullable = false

  validation {
    condition     = alltrue([for zone in var.zones : contains(["RAW", "CURATED"], zone.type)])
    error_message = "zones has the types ${jsonencode({ for name, zone in var.zones : name => zone.type })}. Write RAW or CURATED."
  }
  validation {
    condition     = alltrue([for name in keys(var.zones) : can(regex("^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$", name))])
    error_message = "zones has the names ${jsonencode(keys(var.zones))}: lower-case letters, digits and -, a letter first, at most 50. Rename the one that differs."
  }
  validation {
    condition     = length(setintersection([for name in keys(var.zones) : "telecom_zone_${replace(name, "-", "_")}"], flatten([for zone in var.zones : values(zone.datasets)]))) == 0 && length(distinct([for name in keys(var.zones) : replace(name, "-", "_")])) == length(var.zones)
    error_message = "zones has the names ${jsonencode(keys(var.zones))} and the datasets ${jsonencode(flatten([for zone in var.zones : values(zone.datasets)]))}: a zone makes the dataset telecom_zone_<name>, with _ for -, which must be nobody else's. Rename the zone."
  }
  validation {
    condition = alltrue(flatten([
      for zone in var.zones : [
        for bucket in zone.buckets : zone.type == "RAW" || length(setsubtract(bucket.formats, ["parquet", "avro", "orc"])) == 0
      ]
    ]))
    error_message = "A CURATED zone takes parquet, avro and orc only, and zones has ${jsonencode({ for name, zone in var.zones : name => values(zone.buckets)[*].formats })}. Put the bucket into a RAW zone."
  }
  validation {
    condition     = length(distinct(flatten([for zone in var.zones : values(zone.datasets)]))) == length(flatten([for zone in var.zones : values(zone.datasets)]))
    error_message = "A dataset is in two zones: ${jsonencode({ for name, zone in var.zones : name => values(zone.datasets) })}. Dataplex takes it as an asset once."
  }
  validation {
    condition     = length(distinct(flatten([for zone in var.zones : values(zone.buckets)[*].name]))) == length(flatten([for zone in var.zones : values(zone.buckets)[*].name]))
    error_message = "A bucket is in two zones: ${jsonencode({ for name, zone in var.zones : name => values(zone.buckets)[*].name })}. Dataplex takes it as an asset once."
  }
}

variable "iam" {
  description = "Bindings on the lake: role => static key => member."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for role in keys(var.iam) : startswith(role, "roles/dataplex.") && !contains(["roles/dataplex.admin"], role)])
    error_message = "iam has the roles ${jsonencode(keys(var.iam))}: only roles of Dataplex less than admin belong on a lake. Use roles/dataplex.viewer or roles/dataplex.editor."
  }
  validation {
    condition     = alltrue(flatten([for members in var.iam : [for member in values(members) : !contains(["allUsers", "allAuthenticatedUsers"], member)]]))
    error_message = "iam opens the lake to allUsers or allAuthenticatedUsers. Name groups or service accounts."
  }
}

variable "table_ids" {
  description = "Ids of the tables to scan by full name `dataset.table`, each with a contract. Output `table_ids` of module bigquery."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "quality" {
  description = "Data quality scans: schedule (cron with a leading TZ=…; null: on demand), days of partitions looked at, tables left out, e-mails that hear of a failed scan, score (above 0, to 100) below which they do."
  type = object({
    schedule        = optional(string)
    lookback_days   = optional(number, 35)
    left_out        = optional(set(string), [])
    emails          = optional(list(string), [])
    score_threshold = optional(number, 100)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.quality.lookback_days >= 1 && floor(var.quality.lookback_days) == var.quality.lookback_days
    error_message = "quality.lookback_days = ${var.quality.lookback_days}. Write a whole number of days from 1 on."
  }
  validation {
    condition     = var.quality.schedule == null || can(regex("^(TZ=[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2} )?(\\S+ ){4}\\S+$", var.quality.schedule))
    error_message = "quality.schedule = \"${coalesce(var.quality.schedule, "null")}\" is no schedule. Write five cron fields, such as \"TZ=America/Sao_Paulo 0 7 * * *\"."
  }
  validation {
    condition     = var.env != "prod" || var.quality.schedule != null
    error_message = "quality.schedule is null, and in prod the scans run by themselves. Write a schedule such as \"TZ=America/Sao_Paulo 0 7 * * *\"."
  }
  validation {
    condition     = var.quality.score_threshold > 0 && var.quality.score_threshold <= 100
    error_message = "quality.score_threshold = ${var.quality.score_threshold}: write a number above 0, to 100; no scan is below 0, and the provider sends no zero."
  }
}
