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
  description = "Environment; part of every account id. In prod only jobs of a GitHub environment get in."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "prefix" {
  description = "Account ids are <prefix>-<key>-<env>, custom roles <prefix>_<key>_<env>."
  type        = string
  default     = "telecom"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.prefix))
    error_message = "prefix is ${jsonencode(var.prefix)}: write 2 to 12 lowercase letters and digits, a letter first."
  }
}

variable "service_accounts" {
  description = <<-EOT
    Service accounts by the short name in their id (mlops, serving, llmops, review, privacy, cicd, scheduler).
      display_name  shown in the console
      description   what it is for
      roles         roles on the whole project; everything else is bound on the object that it is for
      custom_roles  keys of custom_roles, likewise on the project
      act_as        keys of accounts in this map that may run things under this one (roles/iam.serviceAccountUser)
      iam           role => { key => member } on the account itself, for members from elsewhere
  EOT
  type = map(object({
    display_name = string
    description  = string
    roles        = optional(set(string), [])
    custom_roles = optional(set(string), [])
    act_as       = optional(set(string), [])
    iam          = optional(map(map(string)), {})
  }))
  nullable = false

  # What the platform needs, and why, is docs/infra/roles.md; the module's test compares the two.
  default = {
    mlops = {
      display_name = "telecom mlops"
      description  = "Churn pipelines and jobs, and the dispatcher that starts them."
      roles = [
        "roles/aiplatform.user",
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/logging.logWriter",
        "roles/monitoring.metricWriter",
        "roles/monitoring.viewer",
        "roles/run.viewer",
      ]
      act_as = ["mlops", "cicd"]
    }
    serving = {
      display_name = "telecom serving"
      description  = "The churn service: reads the model and the features, changes neither."
      roles = [
        "roles/aiplatform.featurestoreDataViewer",
        "roles/aiplatform.viewer",
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/logging.logWriter",
        "roles/monitoring.metricWriter",
      ]
      act_as = ["cicd"]
    }
    llmops = {
      display_name = "telecom llmops"
      description  = "The assistant."
      roles = [
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/datastore.user",
        "roles/discoveryengine.viewer",
        "roles/logging.logWriter",
        "roles/modelarmor.user",
        "roles/monitoring.metricWriter",
      ]
      custom_roles = ["model_caller"]
      act_as       = ["cicd"]
    }
    cicd = {
      display_name = "telecom cicd"
      description  = "GitHub Actions and Cloud Build: builds, releases, rollbacks."
      roles = [
        "roles/aiplatform.user",
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/cloudbuild.builds.editor",
        "roles/discoveryengine.editor",
        "roles/logging.logWriter",
        "roles/logging.viewer",
        "roles/monitoring.metricWriter",
        "roles/monitoring.viewer",
        "roles/run.developer",
      ]
      act_as = ["cicd"]
    }
    review = {
      display_name = "telecom review"
      description  = "The job that draws conversations for human review, every day."
      roles = [
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/datastore.user",
      ]
      act_as = ["cicd"]
    }
    privacy = {
      display_name = "telecom privacy"
      description  = "A person's rights: access and erasure, started by hand."
      roles = [
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
        "roles/datastore.user",
      ]
      custom_roles = ["feature_keeper"]
      act_as       = ["cicd"]
    }
    scheduler = {
      display_name = "telecom scheduler"
      description  = "The identity of Pub/Sub's pushes and Cloud Scheduler's calls."
    }
  }

  validation {
    condition     = alltrue([for key in keys(var.service_accounts) : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", key)) && length("${var.prefix}-${key}-${var.env}") <= 30])
    error_message = "service_accounts has ${jsonencode(keys(var.service_accounts))}: a key is lowercase letters, digits and '-', and <prefix>-<key>-<env> has at most 30 characters."
  }

  validation {
    condition     = alltrue(flatten([for account in var.service_accounts : [for role in account.roles : can(regex(local.role_form, role)) && !can(regex("${local.never}|${local.impersonation}", role))]]))
    error_message = "service_accounts has roles ${jsonencode({ for key, account in var.service_accounts : key => sort(account.roles) })}: no basic roles (owner, editor, viewer), no admin roles, and what lets one account become another only on that account (act_as, iam), never on the project."
  }

  validation {
    condition     = alltrue([for account in var.service_accounts : length(setsubtract(account.act_as, keys(var.service_accounts))) == 0])
    error_message = "service_accounts has act_as ${jsonencode({ for key, account in var.service_accounts : key => sort(account.act_as) })}: it takes keys of this map; a member from elsewhere goes into iam."
  }

  validation {
    condition     = alltrue([for account in var.service_accounts : length(setsubtract(account.custom_roles, keys(var.custom_roles))) == 0])
    error_message = "service_accounts has custom_roles ${jsonencode({ for key, account in var.service_accounts : key => sort(account.custom_roles) })}: each must be a key of custom_roles."
  }
  validation {
    condition     = alltrue(flatten([for it in var.service_accounts : [for role in keys(it.iam) : can(regex(local.role_form, role)) && !can(regex(local.never, role))]]))
    error_message = "service_accounts binds ${jsonencode({ for key, it in var.service_accounts : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.service_accounts : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "service_accounts has a member that is no named principal among ${jsonencode({ for key, it in var.service_accounts : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "account_iam" {
  description = "Key of service_accounts => role => { key => member } on that account, beside its own iam: for members that only the environment knows."
  type        = map(map(map(string)))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.account_iam), keys(var.service_accounts))) == 0
    error_message = "account_iam has ${jsonencode(keys(var.account_iam))}: each must be a key of service_accounts."
  }

  validation {
    condition     = alltrue(flatten([for roles in var.account_iam : [for role in keys(roles) : can(regex(local.role_form, role)) && !can(regex(local.never, role))]]))
    error_message = "account_iam binds ${jsonencode({ for key, roles in var.account_iam : key => keys(roles) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for roles in var.account_iam : [for members in values(roles) : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "account_iam has a member that is no named principal among ${jsonencode(var.account_iam)}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "custom_roles" {
  description = "Roles of this project by the short name in their id: title, description, permissions. For where the narrowest predefined role is too wide."
  type = map(object({
    title       = string
    description = string
    permissions = set(string)
  }))
  nullable = false
  default = {
    model_caller = {
      title       = "Telecom model caller"
      description = "Asks models for answers; starts, changes and reads nothing else of Vertex AI."
      permissions = ["aiplatform.endpoints.predict"]
    }
    feature_keeper = {
      title       = "Telecom feature keeper"
      description = "Serves a snapshot of the features anew, without somebody; starts no pipelines and reads no models."
      permissions = [
        "aiplatform.featureGroups.get",
        "aiplatform.featureGroups.list",
        "aiplatform.featureGroups.update",
        "aiplatform.featureOnlineStores.get",
        "aiplatform.featureViewSyncs.get",
        "aiplatform.featureViews.create",
        "aiplatform.featureViews.delete",
        "aiplatform.featureViews.fetchFeatureValues",
        "aiplatform.featureViews.get",
        "aiplatform.featureViews.list",
        "aiplatform.featureViews.sync",
        "aiplatform.features.list",
        "aiplatform.operations.list",
      ]
    }
  }

  validation {
    condition     = alltrue([for key, role in var.custom_roles : can(regex("^[a-z][a-z0-9_]{1,40}$", key)) && length(role.permissions) > 0])
    error_message = "custom_roles has ${jsonencode(keys(var.custom_roles))}: a key is lowercase letters, digits and '_', and a role has at least one permission."
  }

  validation {
    condition     = alltrue(flatten([for role in var.custom_roles : [for permission in role.permissions : can(regex("^[a-z]+([.][A-Za-z]+){2}$", permission)) && !can(regex("(?i)setIamPolicy$|^iam[.](serviceAccountKeys|roles)[.]", permission))]]))
    error_message = "custom_roles has permissions ${jsonencode({ for key, role in var.custom_roles : key => sort(role.permissions) })}: write service.resource.verb; policies, roles and account keys are not handed out."
  }
}

variable "iam" {
  description = "role => { key => member } on the project, for members from elsewhere such as Google's service agents."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for role in keys(var.iam) : can(regex(local.role_form, role)) && !can(regex("${local.never}|${local.impersonation}", role))])
    error_message = "iam binds ${jsonencode(keys(var.iam))}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, and what lets one account become another only on that account (act_as, iam of service_accounts), never on the project."
  }

  validation {
    condition     = alltrue(flatten([for members in var.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]))
    error_message = "iam has a member that is no named principal among ${jsonencode({ for role, members in var.iam : role => keys(members) })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "github" {
  description = <<-EOT
    Which GitHub jobs get in without a key; null for none.
      repository     owner/name, for people to read; it is the numbers that decide
      owner_id       number of the owner:      gh api users/OWNER --jq .id
      repository_id  number of the repository: gh api repos/OWNER/NAME --jq .id
      branches       branches whose runs get in; no patterns
      tags           how the names of tags begin whose runs get in, such as v; null for no tags. A tag's push is a push
      environments   GitHub environments of which the job must use one; in prod at least one
      events         what may have started the run; pull_request_target runs with the base branch's name, so never that
      accounts       keys of the service accounts that such a job may become
      pool_id        id of the pool; deleted ids are blocked for 30 days
  EOT
  type = object({
    repository    = string
    owner_id      = string
    repository_id = string
    branches      = optional(set(string), ["main"])
    tags          = optional(string)
    environments  = optional(set(string), [])
    events        = optional(set(string), ["push", "schedule", "workflow_dispatch"])
    accounts      = optional(set(string), ["cicd"])
    pool_id       = optional(string, "github")
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository is ${jsonencode(try(var.github.repository, null))}: write owner/name, one repository and no pattern."
  }

  validation {
    condition     = var.github == null || (can(regex("^[1-9][0-9]*$", var.github.owner_id)) && can(regex("^[1-9][0-9]*$", var.github.repository_id)))
    error_message = "github.owner_id is ${jsonencode(try(var.github.owner_id, null))}, repository_id ${jsonencode(try(var.github.repository_id, null))}: write the numbers; names can be taken over once they are free."
  }

  validation {
    condition     = var.github == null || try(length(var.github.branches) > 0 && alltrue([for name in setunion(var.github.branches, var.github.environments) : can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", name))]), false)
    error_message = "github.branches is ${jsonencode(try(var.github.branches, null))}, environments ${jsonencode(try(var.github.environments, null))}: name at least one branch, without patterns, quotes or blanks."
  }

  validation {
    condition     = try(var.github.tags, null) == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", var.github.tags))
    error_message = "github.tags is ${jsonencode(try(var.github.tags, null))}: write how the tags' names begin, such as v, at least one letter or digit and no pattern; or null for no tags."
  }

  validation {
    condition     = var.github == null || var.env == "dev" || try(length(var.github.environments) > 0, false)
    error_message = "github.environments is empty in prod: name a GitHub environment, whose reviewers and branch rules then guard every deployment."
  }

  validation {
    condition     = var.github == null || try(length(var.github.events) > 0 && length(setsubtract(var.github.events, ["push", "schedule", "workflow_dispatch"])) == 0, false)
    error_message = "github.events is ${jsonencode(try(var.github.events, null))}: choose from push, schedule, workflow_dispatch; runs of pull requests get nothing."
  }

  validation {
    condition     = var.github == null || try(length(var.github.accounts) > 0 && length(setsubtract(var.github.accounts, keys(var.service_accounts))) == 0, false)
    error_message = "github.accounts is ${jsonencode(try(var.github.accounts, null))}: each must be a key of service_accounts."
  }

  validation {
    condition     = var.github == null || can(regex("^[a-z0-9-]{4,32}$", var.github.pool_id)) && !can(regex("^gcp-", var.github.pool_id))
    error_message = "github.pool_id is ${jsonencode(try(var.github.pool_id, null))}: write 4 to 32 lowercase letters, digits and '-', not beginning with gcp-."
  }
}
