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
  description = "Environment; in prod tags are immutable and images with a tag are never cleaned up."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "region" {
  description = "Region of the repositories."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region is ${jsonencode(var.region)}, which is no region: write one such as us-central1."
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

variable "kms_key" {
  description = "Key of all repositories; cannot be changed later. Artifact Registry's service agent must be allowed to use it. Null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${jsonencode(var.kms_key)}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }
}

variable "repositories" {
  description = <<-EOT
    Repositories of container images by id.
      immutable_tags   whether a tag stays on the image that it was put on
      keep_versions    newest versions of each image that stay whatever their age
      keep_tags        beginnings of tags whose images always stay
      untagged_days    days after which images without a tag go
      tagged_days      days after which images with a tag go; null: never. Clean-up does not know what is running
      cleanup_dry_run  whether clean-up only logs what it would delete
      scanning         whether images are searched for known holes
      labels, iam      of this repository; iam is role => { key => member }
  EOT
  type = map(object({
    description     = string
    immutable_tags  = optional(bool, true)
    keep_versions   = optional(number, 10)
    keep_tags       = optional(set(string), ["release-", "v"])
    untagged_days   = optional(number, 14)
    tagged_days     = optional(number)
    cleanup_dry_run = optional(bool, false)
    scanning        = optional(bool, true)
    labels          = optional(map(string), {})
    iam             = optional(map(map(string)), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.repositories) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", id))])
    error_message = "repositories has ${jsonencode(keys(var.repositories))}: an id is lowercase letters, digits and '-', at most 63, a letter first."
  }

  validation {
    condition     = alltrue([for repository in var.repositories : repository.keep_versions >= 1 && repository.untagged_days >= 1 && coalesce(repository.tagged_days, 1) >= 1])
    error_message = "repositories has clean-up ${jsonencode({ for id, repository in var.repositories : id => [repository.keep_versions, repository.untagged_days, repository.tagged_days] })} (keep_versions, untagged_days, tagged_days): each is at least 1, tagged_days may be null."
  }

  validation {
    condition     = alltrue([for repository in var.repositories : !repository.immutable_tags || repository.tagged_days == null])
    error_message = "repositories ${jsonencode([for id, repository in var.repositories : id if repository.immutable_tags && repository.tagged_days != null])} have immutable_tags and tagged_days: an immutable tag cannot be deleted, so clean-up would fail; leave one of them out."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for repository in var.repositories : repository.immutable_tags && repository.scanning])
    error_message = "repositories ${jsonencode([for id, repository in var.repositories : id if !repository.immutable_tags || !repository.scanning])} in prod: immutable_tags and scanning stay on."
  }

  validation {
    condition     = alltrue(flatten([for it in var.repositories : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "repositories binds ${jsonencode({ for key, it in var.repositories : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.repositories : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "repositories has a member that is no named principal among ${jsonencode({ for key, it in var.repositories : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}
