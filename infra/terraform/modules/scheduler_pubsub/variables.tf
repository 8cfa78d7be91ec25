variable "project_id" {
  description = "Project in which everything of this module is made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${jsonencode(var.project_id)}, which is no project id: write 6 to 30 lowercase letters, digits and '-', a letter first."
  }
}

variable "region" {
  description = "Region of the schedules, and where messages are kept."
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

variable "pubsub_service_agent" {
  description = "Pub/Sub's own account as a member; it moves dead letters."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^serviceAccount:service-[0-9]+@gcp-sa-pubsub[.]iam[.]gserviceaccount[.]com$", var.pubsub_service_agent))
    error_message = "pubsub_service_agent is ${jsonencode(var.pubsub_service_agent)}: write serviceAccount:service-NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com."
  }
}

variable "kms_key" {
  description = "Key of all topics; Pub/Sub's service agent must be allowed to use it. Null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${jsonencode(var.kms_key)}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }
}

variable "topics" {
  description = <<-EOT
    Topics by their whole name, each with one push subscription <name>-push, a dead-letter topic <name>-dead and its
    subscription <name>-dead-pull, which keeps for dead_letter_days what could not be delivered.
      push.endpoint         address of the receiver's route, https
      push.audience         audience of the token: the receiver's address
      push.service_account  e-mail of the account whose token is shown; it needs roles/run.invoker on the receiver
      ack_seconds           how long an answer may take
      backoff_seconds       least and longest pause before it is tried again
      retention_seconds     after which a message is of no use any more
      attempts              deliveries before it is a dead letter, 5 to 100
      labels, iam           of the topic; iam is role => { key => member }
  EOT
  type = map(object({
    push = object({
      endpoint        = string
      audience        = string
      service_account = string
    })
    ack_seconds       = optional(number, 120)
    backoff_seconds   = optional(object({ least = optional(number, 10), longest = optional(number, 600) }), {})
    retention_seconds = optional(number, 86400)
    attempts          = optional(number, 5)
    dead_letter_days  = optional(number, 7)
    labels            = optional(map(string), {})
    iam               = optional(map(map(string)), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.topics) : can(regex("^[a-z][a-z0-9-]{2,200}$", name)) && !startswith(name, "goog")])
    error_message = "topics has ${jsonencode(keys(var.topics))}: a name is 3 or more lowercase letters, digits and '-', a letter first, not goog."
  }

  validation {
    condition     = alltrue([for topic in var.topics : can(regex("^https://[^/?#@]+(/[^?#]*)?$", topic.push.endpoint)) && can(regex("^https://[^/?#@]+$", topic.push.audience)) && startswith(topic.push.endpoint, topic.push.audience)])
    error_message = "topics has push ${jsonencode({ for name, topic in var.topics : name => [topic.push.endpoint, topic.push.audience] })} (endpoint, audience): both https, the endpoint a route of the audience."
  }

  validation {
    condition     = alltrue([for topic in var.topics : can(regex("^[^@\\s:]+@[^@\\s]+[.]gserviceaccount[.]com$", topic.push.service_account))])
    error_message = "topics has push.service_account ${jsonencode({ for name, topic in var.topics : name => topic.push.service_account })}: write the e-mail of the account whose token is shown."
  }

  validation {
    condition     = alltrue([for topic in var.topics : topic.ack_seconds >= 10 && topic.ack_seconds <= 600 && topic.backoff_seconds.least >= 0 && topic.backoff_seconds.least <= topic.backoff_seconds.longest && topic.backoff_seconds.longest <= 600])
    error_message = "topics has [ack_seconds, backoff_seconds] ${jsonencode({ for name, topic in var.topics : name => [topic.ack_seconds, topic.backoff_seconds] })}: ack_seconds 10 to 600, 0 <= least <= longest <= 600."
  }

  validation {
    condition     = alltrue([for topic in var.topics : topic.retention_seconds >= 600 && topic.retention_seconds <= 604800 && topic.attempts >= 5 && topic.attempts <= 100 && topic.dead_letter_days >= 1 && topic.dead_letter_days <= 7])
    error_message = "topics has [retention_seconds, attempts, dead_letter_days] ${jsonencode({ for name, topic in var.topics : name => [topic.retention_seconds, topic.attempts, topic.dead_letter_days] })}: 600 to 604800, 5 to 100, 1 to 7."
  }

  validation {
    condition     = alltrue(flatten([for it in var.topics : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "topics binds ${jsonencode({ for key, it in var.topics : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.topics : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "topics has a member that is no named principal among ${jsonencode({ for key, it in var.topics : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "jobs" {
  description = <<-EOT
    Schedules by name that publish an order for the dispatcher (docs/mlops/dispatcher.md).
      schedule, time_zone  when, in cron's five fields
      topic                key of topics
      pipeline             churn-scoring, churn-retraining, churn or churn-automl
      parameters           of that pipeline; each may be left out
      paused               made, but does nothing
      retries              of the publishing
  EOT
  type = map(object({
    description = string
    schedule    = string
    time_zone   = optional(string, "America/Sao_Paulo")
    topic       = string
    pipeline    = string
    parameters = optional(object({
      snapshot_date = optional(string)
      deploy        = optional(string)
      csv           = optional(string)
      minutes       = optional(number)
    }), {})
    paused  = optional(bool, false)
    retries = optional(number, 3)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, job in var.jobs : can(regex("^[A-Za-z0-9_-]{1,500}$", name)) && can(regex("^(\\S+ ){4}\\S+$", job.schedule)) && job.retries >= 0 && job.retries <= 5])
    error_message = "jobs has [schedule, retries] ${jsonencode({ for name, job in var.jobs : name => [job.schedule, job.retries] })}: names are letters, digits, '_' and '-', a schedule has cron's five fields, retries are 0 to 5."
  }

  validation {
    condition     = alltrue([for job in var.jobs : contains(keys(var.topics), job.topic)])
    error_message = "jobs has topic ${jsonencode({ for name, job in var.jobs : name => job.topic })}: each must be a key of topics."
  }

  validation {
    condition     = alltrue([for job in var.jobs : contains(["churn", "churn-automl", "churn-retraining", "churn-scoring"], job.pipeline)])
    error_message = "jobs has pipeline ${jsonencode({ for name, job in var.jobs : name => job.pipeline })}: the dispatcher knows churn, churn-automl, churn-retraining and churn-scoring."
  }

  validation {
    condition     = alltrue([for job in var.jobs : length(setsubtract([for name, value in job.parameters : name if value != null], try({ churn = ["csv", "deploy", "snapshot_date"], churn-automl = ["minutes"], churn-retraining = ["deploy", "snapshot_date"], churn-scoring = ["deploy", "snapshot_date"] }[job.pipeline], []))) == 0])
    error_message = "jobs has parameters ${jsonencode({ for name, job in var.jobs : name => [job.pipeline, job.parameters] })}: churn takes csv, deploy and snapshot_date, churn-scoring and churn-retraining deploy and snapshot_date, churn-automl minutes; the dispatcher refuses others."
  }

  validation {
    condition     = alltrue([for job in var.jobs : contains(["batch", "online"], coalesce(job.parameters.deploy, "batch")) && can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", coalesce(job.parameters.snapshot_date, "2026-01-31"))) && startswith(coalesce(job.parameters.csv, "gs://"), "gs://") && coalesce(job.parameters.minutes, 60) >= 60 && coalesce(job.parameters.minutes, 60) <= 4320])
    error_message = "jobs has parameters ${jsonencode({ for name, job in var.jobs : name => job.parameters })}: deploy is batch or online, snapshot_date a day, csv a gs:// address, minutes 60 to 4320."
  }
}

variable "http_jobs" {
  description = <<-EOT
    Schedules by name that call an address themselves, never without a token.
      uri, method, body, headers  the request
      service_account, audience   whose OIDC token, for whom; the account needs roles/run.invoker there
      oauth                       an OAuth token in its place, for Google's own APIs and nobody else; no audience. A job of
                                  Cloud Run starts by POST https://run.googleapis.com/v2/projects/P/locations/R/jobs/J:run
      deadline_seconds            how long the answer may take
  EOT
  type = map(object({
    description      = string
    schedule         = string
    time_zone        = optional(string, "America/Sao_Paulo")
    uri              = string
    method           = optional(string, "POST")
    body             = optional(string)
    headers          = optional(map(string), {})
    service_account  = string
    audience         = optional(string)
    oauth            = optional(bool, false)
    deadline_seconds = optional(number, 180)
    paused           = optional(bool, false)
    retries          = optional(number, 3)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, job in var.http_jobs : can(regex("^[A-Za-z0-9_-]{1,500}$", name)) && can(regex("^(\\S+ ){4}\\S+$", job.schedule)) && job.retries >= 0 && job.retries <= 5 && job.deadline_seconds >= 15 && job.deadline_seconds <= 1800 && contains(["GET", "POST", "PUT", "PATCH", "DELETE"], job.method)])
    error_message = "http_jobs has [schedule, retries, deadline_seconds, method] ${jsonencode({ for name, job in var.http_jobs : name => [job.schedule, job.retries, job.deadline_seconds, job.method] })}: cron's five fields, 0 to 5, 15 to 1800, GET, POST, PUT, PATCH or DELETE."
  }

  validation {
    condition = alltrue([
      for job in var.http_jobs : job.oauth || try(can(regex("^https://[^/?#@]+(/.*)?$", job.uri)) && can(regex("^https://[^/?#@]+$", job.audience)) && startswith(job.uri, job.audience), false)
    ])
    error_message = "http_jobs has [uri, audience] ${jsonencode({ for name, job in var.http_jobs : name => [job.uri, job.audience] if !job.oauth })}: both https, the uri a route of the audience."
  }

  validation {
    condition     = alltrue([for job in var.http_jobs : !job.oauth || (can(regex("^https://([a-z0-9-]+[.])+googleapis[.]com/[^?#@\\s]+$", job.uri)) && job.audience == null)])
    error_message = "http_jobs has [uri, audience] ${jsonencode({ for name, job in var.http_jobs : name => [job.uri, job.audience] if job.oauth })} with oauth: such a token opens the whole cloud to whoever gets it, so that only https://….googleapis.com/… does, without an audience."
  }

  validation {
    condition     = alltrue([for job in var.http_jobs : can(regex("^[^@\\s:]+@[^@\\s]+[.]gserviceaccount[.]com$", job.service_account))])
    error_message = "http_jobs has service_account ${jsonencode({ for name, job in var.http_jobs : name => job.service_account })}: write the e-mail of the account whose token is shown."
  }

  validation {
    condition     = length(setintersection(keys(var.jobs), keys(var.http_jobs))) == 0
    error_message = "http_jobs and jobs both have ${jsonencode(setintersection(keys(var.jobs), keys(var.http_jobs)))}: names are those of one region's schedules; rename one."
  }
}
