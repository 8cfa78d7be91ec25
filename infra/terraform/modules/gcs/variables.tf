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
  description = "Environment; prod takes no bucket that can be emptied or loses what it replaces."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "location" {
  description = "Where the buckets lie: a region, or US or EU. Datasets and models must lie in the same place."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z]+-[a-z]+[0-9]{1,2}|US|EU|ASIA)$", var.location))
    error_message = "location is ${jsonencode(var.location)}: write a region such as us-central1, or US, EU, ASIA."
  }
}

variable "prefix" {
  description = "Buckets are <prefix>-<key>. The code expects <project>-<env>, or what TELECOM_BUCKET_PREFIX says. Default: that."
  type        = string
  default     = null

  validation {
    condition     = var.prefix == null || can(regex("^[a-z0-9][a-z0-9-]{1,50}[a-z0-9]$", var.prefix)) && !can(regex("^goog|google", var.prefix))
    error_message = "prefix is ${jsonencode(var.prefix)}: write 3 to 52 lowercase letters, digits and '-', without goog at its start or google in it."
  }
}

variable "labels" {
  description = "Labels of everything here that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels is ${jsonencode(var.labels)}: keys and values are lowercase letters, digits, '_' and '-', at most 63, and a key begins with a letter."
  }
}

variable "buckets" {
  description = <<-EOT
    Buckets by layer (bronze, silver, gold, docs, models, pipelines).
      storage_class     of new objects
      versioning        keeps what is replaced or deleted; not together with retention
      noncurrent        of what was replaced: newest versions that stay whatever their age, days after which others go
      lifecycle         key => { action Delete or SetStorageClass, storage_class, age_days, prefixes, suffixes }
      retention         days in which nothing can be replaced or deleted; locked can never be undone
      soft_delete_days  days in which a deleted object can be brought back, 0 or 7 to 90
      kms_key           key of this bucket alone
      force_destroy     whether destroy deletes a bucket that is not empty
      labels, iam       of this bucket; iam is role => { key => member }
  EOT
  type = map(object({
    storage_class = optional(string, "STANDARD")
    versioning    = optional(bool, true)
    noncurrent    = optional(object({ keep = optional(number, 3), days = optional(number, 30) }), {})
    lifecycle = optional(map(object({
      action        = string
      storage_class = optional(string)
      age_days      = number
      prefixes      = optional(list(string), [])
      suffixes      = optional(list(string), [])
    })), {})
    retention        = optional(object({ days = number, locked = optional(bool, false) }))
    soft_delete_days = optional(number, 7)
    kms_key          = optional(string)
    force_destroy    = optional(bool, false)
    labels           = optional(map(string), {})
    iam              = optional(map(map(string)), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.buckets) : can(regex("^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$", key)) && length("${coalesce(var.prefix, "${var.project_id}-${var.env}")}-${key}") <= 63])
    error_message = "buckets has ${jsonencode(keys(var.buckets))}: a key is lowercase letters, digits and '-', and <prefix>-<key> has at most 63 characters."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : contains(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"], bucket.storage_class)])
    error_message = "buckets has storage classes ${jsonencode({ for key, bucket in var.buckets : key => bucket.storage_class })}: write STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.retention == null || !bucket.versioning])
    error_message = "buckets ${jsonencode([for key, bucket in var.buckets : key if bucket.retention != null && bucket.versioning])} have retention and versioning, which Cloud Storage does not take together: set versioning = false; what is retained cannot be replaced anyway."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : try(bucket.retention.days >= 1 && bucket.retention.days <= 36500, bucket.retention == null)])
    error_message = "buckets has retention ${jsonencode({ for key, bucket in var.buckets : key => bucket.retention })}: days are 1 to 36500."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.soft_delete_days == 0 || bucket.soft_delete_days >= 7 && bucket.soft_delete_days <= 90])
    error_message = "buckets has soft_delete_days ${jsonencode({ for key, bucket in var.buckets : key => bucket.soft_delete_days })}: write 0, or 7 to 90."
  }

  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for rule in bucket.lifecycle : rule.age_days >= 1 && (rule.action == "Delete" && rule.storage_class == null || rule.action == "SetStorageClass" && contains(["NEARLINE", "COLDLINE", "ARCHIVE"], coalesce(rule.storage_class, "none")))]]))
    error_message = "buckets has lifecycle ${jsonencode({ for key, bucket in var.buckets : key => bucket.lifecycle if length(bucket.lifecycle) > 0 })}: action is Delete, or SetStorageClass with NEARLINE, COLDLINE or ARCHIVE; age_days is at least 1."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.noncurrent.keep >= 0 && bucket.noncurrent.days >= 1])
    error_message = "buckets has noncurrent ${jsonencode({ for key, bucket in var.buckets : key => bucket.noncurrent })}: keep is 0 or more, days is at least 1."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", bucket.kms_key))])
    error_message = "buckets has kms_key ${jsonencode({ for key, bucket in var.buckets : key => bucket.kms_key if bucket.kms_key != null })}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for bucket in var.buckets : !bucket.force_destroy])
    error_message = "buckets ${jsonencode([for key, bucket in var.buckets : key if bucket.force_destroy])} have force_destroy in prod: leave it off; empty a bucket by hand before it goes."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for bucket in var.buckets : bucket.soft_delete_days >= 7 && (bucket.versioning || bucket.retention != null)])
    error_message = "buckets ${jsonencode([for key, bucket in var.buckets : key if bucket.soft_delete_days < 7 || !bucket.versioning && bucket.retention == null])} could lose objects in prod: keep soft_delete_days at 7 or more, and versioning or retention."
  }

  validation {
    condition     = alltrue(flatten([for it in var.buckets : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "buckets binds ${jsonencode({ for key, it in var.buckets : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.buckets : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "buckets has a member that is no named principal among ${jsonencode({ for key, it in var.buckets : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "kms_key" {
  description = "Key of all buckets that name none of their own; null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${jsonencode(var.kms_key)}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }
}

variable "storage_service_agent" {
  description = "Cloud Storage's own account as a member; where given, it may use the keys named here before the buckets are made. Null: somebody else sees to that."
  type        = string
  default     = null

  validation {
    condition     = var.storage_service_agent == null || can(regex("^serviceAccount:service-[0-9]+@gs-project-accounts[.]iam[.]gserviceaccount[.]com$", var.storage_service_agent))
    error_message = "storage_service_agent is ${jsonencode(var.storage_service_agent)}: write serviceAccount:service-NUMBER@gs-project-accounts.iam.gserviceaccount.com."
  }
}
