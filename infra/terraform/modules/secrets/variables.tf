variable "project_id" {
  description = "Project in which everything of this module is made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${jsonencode(var.project_id)}, which is no project id: write 6 to 30 lowercase letters, digits and '-', a letter first."
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

variable "locations" {
  description = "Regions that hold the secrets; empty: wherever Google chooses."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for location in var.locations : can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", location))])
    error_message = "locations is ${jsonencode(var.locations)}: write regions such as us-central1."
  }
}

variable "kms_keys" {
  description = "Keys by location (with locations), or one under the key \"global\" (without); empty: Google's keys. Secret Manager's service agent must be allowed to use them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.kms_keys) == 0 || length(setsubtract(keys(var.kms_keys), length(var.locations) == 0 ? ["global"] : var.locations)) == 0 && length(var.kms_keys) == max(1, length(var.locations))
    error_message = "kms_keys has ${jsonencode(keys(var.kms_keys))}, locations is ${jsonencode(var.locations)}: give one key per location, or one under \"global\" where there are no locations."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the secrets."
  type        = bool
  default     = true
  nullable    = false
}

variable "secrets" {
  description = <<-EOT
    Secrets by name.
      description          what it is; kept as an annotation
      version_destroy_ttl  how long a destroyed version can be brought back, such as 604800s
      value_version        null: Terraform makes no version, somebody adds it with gcloud. A number: the value comes from
                           `values`, is sent but kept neither in plan nor in state; raise it to send a new value
      labels, iam          of this secret; iam is role => { key => member }
  EOT
  type = map(object({
    description         = string
    version_destroy_ttl = optional(string, "604800s")
    value_version       = optional(number)
    labels              = optional(map(string), {})
    iam                 = optional(map(map(string)), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[A-Za-z0-9_-]{1,255}$", name))])
    error_message = "secrets has ${jsonencode(keys(var.secrets))}: a name is letters, digits, '_' and '-'."
  }

  validation {
    condition     = alltrue([for secret in var.secrets : can(regex("^[0-9]+s$", secret.version_destroy_ttl)) && try(tonumber(trimsuffix(secret.version_destroy_ttl, "s")) >= 86400, false)])
    error_message = "secrets has version_destroy_ttl ${jsonencode({ for name, secret in var.secrets : name => secret.version_destroy_ttl })}: write seconds, at least a day: 86400s."
  }

  validation {
    condition     = alltrue([for secret in var.secrets : secret.value_version == null || try(secret.value_version >= 1 && floor(secret.value_version) == secret.value_version, false)])
    error_message = "secrets has value_version ${jsonencode({ for name, secret in var.secrets : name => secret.value_version })}: write null or a whole number from 1."
  }

  validation {
    condition     = alltrue(flatten([for it in var.secrets : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "secrets binds ${jsonencode({ for key, it in var.secrets : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.secrets : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "secrets has a member that is no named principal among ${jsonencode({ for key, it in var.secrets : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "values" {
  description = "Values of the secrets with a value_version. Ephemeral: give it to plan and apply, for example as TF_VAR_…; Terraform writes it nowhere."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
  ephemeral   = true
}
