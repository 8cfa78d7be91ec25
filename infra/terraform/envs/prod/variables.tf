variable "project_id" {
  description = "Project of this environment, and of no other. TELECOM_PROJECT takes its place in `make plan`."
  type        = string
  nullable    = false
}

variable "env" {
  description = "Environment: dev or prod."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "region" {
  description = "Region of everything that has one; the same as TELECOM_REGION."
  type        = string
  nullable    = false
}

variable "bootstrapped" {
  description = "Whether infra/gcloud/bootstrap.sh made the ci-cd account and GitHub's way in, so that they are taken over and not made again. `make plan` says so; checks without a cloud do not."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Key of buckets, datasets, images, topics and services, in the same region; null: Google's keys."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete what holds data or serves."
  type        = bool
  nullable    = false

  validation {
    condition     = var.env == "dev" || var.deletion_protection
    error_message = "deletion_protection is off in prod: leave it on, and take it off one thing at a time by hand."
  }
}

variable "force_destroy" {
  description = "Whether destroy also deletes what Terraform did not make: objects in buckets, tables of jobs."
  type        = bool
  nullable    = false

  validation {
    condition     = var.env == "dev" || !var.force_destroy
    error_message = "force_destroy is on in prod: leave it off; what is to go is emptied by hand first."
  }
}

variable "github" {
  description = "Whose jobs get in without a key: see the variable of the module iam. The numbers are those of gh api users/OWNER and repos/OWNER/NAME."
  type = object({
    repository    = string
    owner_id      = string
    repository_id = string
    branches      = optional(set(string), ["main"])
    environments  = optional(set(string), [])
  })
}

variable "budget" {
  description = "Billing account, and what a month may cost in whole units of the currency."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "USD")
  })
  nullable = false
}

variable "network" {
  description = "Range of the subnet, and whether what runs there reaches the Internet too."
  type = object({
    subnet_cidr     = string
    internet_egress = optional(bool, false)
  })
  nullable = false
}

variable "buckets" {
  description = "Layers of the lake: buckets <project>-<env>-<layer>. access is role => short names of service accounts; the rest as in the module gcs."
  type = map(object({
    access           = optional(map(list(string)), {})
    versioning       = optional(bool, true)
    retention        = optional(object({ days = number, locked = optional(bool, false) }))
    soft_delete_days = optional(number, 7)
    lifecycle = optional(map(object({
      action        = string
      storage_class = optional(string)
      age_days      = number
    })), {})
  }))
  nullable = false
}

variable "secrets" {
  description = "Secrets: what each is, and the short names of the accounts that may read it. Values are added with gcloud, never here."
  type = map(object({
    description = string
    readers     = list(string)
  }))
  nullable = false
}

variable "analysts" {
  description = "key => member, as group:analysts@example.com, of those who read the analysts' views, with personal data masked."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "digests" {
  description = "Images that run, by digest. The first apply takes them from here; afterwards each release enters its own, so that a plan stays empty."
  type        = object({ churn = string, assistant = string })
  nullable    = false

  validation {
    condition     = alltrue([for digest in values(var.digests) : can(regex("^sha256:[0-9a-f]{64}$", digest))])
    error_message = "digests is ${jsonencode(var.digests)}: write sha256: and 64 hexadecimal digits, as the build prints them."
  }
}

variable "model_version" {
  description = "Version of the registry that the churn service serves, or champion, which is followed. Releases enter theirs."
  type        = string
  default     = "champion"
  nullable    = false

  validation {
    condition     = can(regex("^(champion|[1-9][0-9]{0,17})$", var.model_version))
    error_message = "model_version is ${jsonencode(var.model_version)}: write champion or a version's number."
  }
}

variable "services" {
  description = "Size of each service; the rest of it is wired in main.tf."
  type = map(object({
    min_instances = number
    max_instances = number
    cpu           = optional(string, "1")
    memory        = optional(string, "1Gi")
    concurrency   = optional(number, 80)
    cpu_always    = optional(bool, false)
    ingress       = optional(string, "INTERNAL_ONLY")
    prometheus    = optional(object({ config_secret = optional(string) }))
  }))
  nullable = false

  validation {
    condition     = toset(keys(var.services)) == toset(["assistant", "churn", "dispatcher"])
    error_message = "services has ${jsonencode(keys(var.services))}: write assistant, churn and dispatcher."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for name in ["assistant", "churn"] : try(var.services[name].min_instances, 0) >= 1 && try(var.services[name].prometheus, null) != null])
    error_message = "services has ${jsonencode({ for name, service in var.services : name => service.min_instances })} instances at the least in prod: keep one of assistant and churn, so that nobody waits for a start, and their prometheus, which the alerts watch."
  }
}

variable "assistant" {
  description = <<-EOT
    How the assistant answers, and whom.
      llm, model, location, base_url  who writes: gemini, openai (any server that speaks it; needs base_url) or offline
      key                             key of secrets with the key of the LLM's server; null: Google's credentials
      day_usd, day_tokens             what all of a day may cost and use; then it answers without the LLM
      people                          key of secrets with the YAML that says which e-mail address is which agent; null:
                                      tokens say so themselves (issuer), or nobody has a role
      iap_audience                    /projects/NUMBER/…, where Identity-Aware Proxy stands before it
      issuer, issuer_keys             OIDC issuer of tokens that carry our claims, and the address of its keys
  EOT
  type = object({
    llm          = optional(string, "gemini")
    model        = optional(string, "gemini-3.5-flash")
    location     = optional(string, "global")
    base_url     = optional(string, "")
    key          = optional(string)
    day_usd      = optional(number, 50)
    day_tokens   = optional(number, 20000000)
    people       = optional(string)
    iap_audience = optional(string, "")
    issuer       = optional(string, "")
    issuer_keys  = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["gemini", "offline", "openai"], var.assistant.llm) && (var.assistant.llm != "openai" || (var.assistant.base_url != "" && var.assistant.model != ""))
    error_message = "assistant has [llm, model, base_url] ${jsonencode([var.assistant.llm, var.assistant.model, var.assistant.base_url])}: write gemini, offline, or openai with both of the others."
  }

  validation {
    condition     = length(setsubtract(compact([var.assistant.key, var.assistant.people]), keys(var.secrets))) == 0
    error_message = "assistant names the secrets ${jsonencode(compact([var.assistant.key, var.assistant.people]))}: each must be a key of secrets, readable by llmops."
  }

  validation {
    condition     = var.assistant.day_usd > 0 && var.assistant.day_tokens >= 1000 && floor(var.assistant.day_tokens) == var.assistant.day_tokens
    error_message = "assistant has [day_usd, day_tokens] ${jsonencode([var.assistant.day_usd, var.assistant.day_tokens])}: both bound a day; 0 would let nobody talk to the LLM, which is llm = \"offline\"."
  }

  validation {
    condition     = var.env == "dev" || var.assistant.people != null || var.assistant.issuer != ""
    error_message = "assistant has neither people nor issuer in prod: nobody would have a role. Name one."
  }

  validation {
    condition     = var.assistant.day_usd >= var.thresholds.assistant_daily_usd
    error_message = "assistant.day_usd is ${var.assistant.day_usd}, below thresholds.assistant_daily_usd, ${var.thresholds.assistant_daily_usd}: the LLM would be switched off before anybody hears of it. Raise the one or lower the other."
  }
}

variable "armor" {
  description = "Model Armor template that also looks at the assistant's messages and answers: see the module vertex_ai. null: the assistant's own rules alone."
  type = object({
    injection_confidence = optional(string)
    harm                 = optional(map(string), {})
  })
  default = {}

  validation {
    condition     = var.env == "dev" || var.armor != null
    error_message = "armor is null in prod: there the assistant has a second opinion. Write {}."
  }
}

variable "job_schedules" {
  description = "When jobs of Cloud Run start: job (evaluation, documents) => cron, whether it only stands there."
  type = map(object({
    description = string
    schedule    = string
    paused      = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.job_schedules), ["documents", "evaluation"])) == 0
    error_message = "job_schedules has ${jsonencode(keys(var.job_schedules))}: write documents and evaluation; a release is started by whoever releases."
  }
}

variable "schedules" {
  description = "Orders for the dispatcher by name: pipeline (docs/mlops/dispatcher.md), cron, whether it only stands there."
  type = map(object({
    description = string
    pipeline    = string
    schedule    = string
    paused      = optional(bool, false)
  }))
  nullable = false
}

variable "endpoint" {
  description = "Endpoint for online predictions on Vertex AI, by number; null: the services answer alone."
  type        = object({ number = string })
  default     = null
}

variable "online_store" {
  description = "Bigtable store of the features, billed by the hour; null: reads go to BigQuery."
  type = object({
    name           = string
    min_node_count = optional(number, 1)
    max_node_count = optional(number, 2)
  })
  default = null
}

variable "search" {
  description = "Where documents are searched (global, us, eu), and whether the engine is the enterprise edition."
  type = object({
    location   = optional(string, "global")
    enterprise = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.search.location == "global"
    error_message = "search.location is ${jsonencode(var.search.location)}: the code searches in global (telecom/adapters/gcp/_agent_search.py). Write global."
  }
}

variable "quality" {
  description = "Data quality scans: cron (null: on demand), and who hears of a failed one."
  type = object({
    schedule = optional(string)
    emails   = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "channels" {
  description = "Who hears of alerts: see the module monitoring."
  type = map(object({
    type       = string
    address    = string
    severities = optional(list(string), ["CRITICAL", "ERROR", "WARNING"])
  }))
  nullable = false
}

variable "channel_secrets" {
  description = "Slack token or webhook password by channel, as TF_VAR_channel_secrets."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
}

variable "thresholds" {
  description = "When alerts fire: see the module monitoring."
  type = object({
    batch_late_hours    = optional(number, 26)
    assistant_daily_usd = optional(number, 20)
    churn_error_share   = optional(number, 0.01)
  })
  default  = {}
  nullable = false
}

variable "uptime" {
  description = "Services that Monitoring asks every five minutes."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.uptime, ["assistant", "churn"])) == 0
    error_message = "uptime is ${jsonencode(var.uptime)}: write assistant and churn; the dispatcher lets nobody but Pub/Sub in."
  }

  validation {
    condition     = var.env == "dev" || length(var.uptime) == 2
    error_message = "uptime is ${jsonencode(var.uptime)} in prod: both services are watched there."
  }
}
