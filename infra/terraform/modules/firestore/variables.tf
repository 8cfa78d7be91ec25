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
  description = "Where the database lies; the same as TELECOM_REGION. It cannot be moved."
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

variable "name" {
  description = "Id of the database; null: telecom-<env>, which is where the code looks."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", coalesce(var.name, "telecom")))
    error_message = "name = \"${coalesce(var.name, "null")}\": 4 to 63 lower-case letters, digits and -, a letter first. The default database has other rules and is not made here."
  }
}

variable "collection" {
  description = "Collection of all records; the code's."
  type        = string
  default     = "assistant_records"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,99}$", var.collection))
    error_message = "collection = \"${var.collection}\": lower-case letters, digits and _, a letter first. The code's name is assistant_records."
  }
}

variable "point_in_time_recovery" {
  description = "Whether every state of the last seven days can be read again, which is billed as storage; null: in prod. Off, it is an hour."
  type        = bool
  default     = null

  validation {
    condition     = var.env != "prod" || coalesce(var.point_in_time_recovery, true)
    error_message = "point_in_time_recovery = false in prod, where a faulty release must not cost what customers agreed to. Leave it out."
  }
}

variable "deletion_protection" {
  description = "Whether Firestore refuses to delete the database."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.deletion_protection || var.env != "prod"
    error_message = "deletion_protection = false in prod. Only dev may be torn down."
  }
}

variable "kms_key_name" {
  description = "Customer-managed key (projects/…/cryptoKeys/…) of the database, which cannot be changed later; null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "kms_key_name = \"${coalesce(var.kms_key_name, "null")}\" is no key. Write projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}
