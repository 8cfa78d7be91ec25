variable "project_id" {
  description = "Project of this environment, and of no other. TELECOM_PROJECT takes its place in `make plan`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${jsonencode(var.project_id)}, which is no project id: write 6 to 30 lowercase letters, digits and '-', a letter first."
  }
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

  validation {
    condition     = can(regex("^(africa|asia|australia|europe|me|northamerica|southamerica|us)-(north|south|east|west|central|northeast|northwest|southeast|southwest)[0-9]{1,2}$", var.region))
    error_message = "region is ${jsonencode(var.region)}, which is no region of Google Cloud: write one such as us-central1 (gcloud compute regions list)."
  }
}

variable "bootstrapped" {
  description = "Whether infra/gcloud/bootstrap.sh made the ci-cd account and GitHub's way in, so that they are taken over and not made again. `make plan` says so; checks without a cloud do not."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Key of one's own in the region, projects/…/cryptoKeys/…: of buckets, datasets, Firestore, images, topics, secrets, services, jobs and the endpoint, which Google's accounts are let to use (module project). null: Google's keys. The search and the online store take none (docs/infra/README.md)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${jsonencode(var.kms_key)}: write projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."
  }

  validation {
    condition     = var.kms_key == null || try(split("/", var.kms_key)[3] == var.region, true)
    error_message = "kms_key is ${jsonencode(var.kms_key)}, and region is ${jsonencode(var.region)}: a key encrypts what lies in its own region. Name a key there."
  }
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
  description = "Whose jobs get in without a key: see the variable of the module iam. The numbers are those of gh api users/OWNER and repos/OWNER/NAME; branches, tags, environments and events as infra/gcloud/bootstrap.sh was told."
  type = object({
    repository    = string
    owner_id      = string
    repository_id = string
    branches      = optional(set(string), ["main"])
    tags          = optional(string)
    environments  = optional(set(string), [])
    events        = optional(set(string), ["push", "schedule", "workflow_dispatch"])
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

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "budget.currency is ${jsonencode(var.budget.currency)}: write three capitals, that of the billing account, such as USD."
  }
}

variable "network" {
  description = "Range of the subnet, and whether what runs there reaches the Internet too."
  type = object({
    subnet_cidr     = string
    internet_egress = optional(bool, false)
  })
  nullable = false

  validation {
    condition     = can(cidrhost(var.network.subnet_cidr, 0)) && can(regex("^(10|172|192)[.]", var.network.subnet_cidr)) && try(tonumber(split("/", var.network.subnet_cidr)[1]) <= 26, false)
    error_message = "network.subnet_cidr is ${jsonencode(var.network.subnet_cidr)}: write a private range of at least a /26, such as 10.10.0.0/24."
  }
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

  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for accounts in values(bucket.access) : length(setsubtract(accounts, ["cicd", "llmops", "mlops", "privacy", "review", "scheduler", "serving"])) == 0]]))
    error_message = "buckets has access ${jsonencode({ for key, bucket in var.buckets : key => bucket.access if length(bucket.access) > 0 })}: write short names of our accounts: cicd, llmops, mlops, privacy, review, scheduler, serving."
  }

  # What is retained cannot be erased; and our code replaces releases.json in models, state.json in docs.
  validation {
    condition     = alltrue([for layer in ["bronze", "silver", "gold", "docs", "models", "pipelines"] : try(var.buckets[layer].retention, null) == null])
    error_message = "buckets ${jsonencode([for layer, bucket in var.buckets : layer if bucket.retention != null])} have retention: the layers of the lake may name people, who could then not be erased, or hold files that releases replace. Use versioning and soft_delete_days; retention is for further buckets."
  }
}

variable "secrets" {
  description = "Secrets: what each is, and the short names of the accounts that may read it. Values are added with gcloud, never here."
  type = map(object({
    description = string
    readers     = list(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for secret in var.secrets : length(setsubtract(secret.readers, ["cicd", "llmops", "mlops", "scheduler", "serving"])) == 0])
    error_message = "secrets has readers ${jsonencode({ for name, secret in var.secrets : name => secret.readers })}: write short names of our accounts: cicd, llmops, mlops, scheduler, serving."
  }
}

variable "analysts" {
  description = "key => member, as group:analysts@example.com, of those who read the analysts' views, with personal data masked."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.analysts) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))])
    error_message = "analysts is ${jsonencode(var.analysts)}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "privacy_officers" {
  description = "key => member, as group:privacy@example.com, of those who may answer people's requests for access and erasure: start the job telecom-privacy, act as its account. Empty: nobody."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.privacy_officers) : can(regex("^group:[^@ ]+@[^@ ]+[.][^@ ]+$", member))])
    error_message = "privacy_officers is ${jsonencode(var.privacy_officers)}: write groups, as group:privacy@example.com; who is in one is written down where groups are kept."
  }
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
    condition     = var.env == "dev" || alltrue([for name in ["assistant", "churn"] : try(var.services[name].min_instances, 0) >= 1])
    error_message = "services has min_instances ${jsonencode({ for name, service in var.services : name => service.min_instances })} in prod: keep one of assistant and churn, so that nobody waits for a start."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for name in ["assistant", "churn"] : try(var.services[name].prometheus, null) != null])
    error_message = "services ${jsonencode([for name in ["assistant", "churn"] : name if try(var.services[name].prometheus, null) == null])} have no prometheus in prod: write prometheus = {}, the sidecar that brings what the alerts watch."
  }

  validation {
    condition     = alltrue([for service in var.services : service.max_instances >= 1 && service.min_instances >= 0 && service.min_instances <= service.max_instances])
    error_message = "services has [min_instances, max_instances] ${jsonencode({ for name, service in var.services : name => [service.min_instances, service.max_instances] })}: the first is 0 or more and at most the second, which is at least 1."
  }
}

variable "assistant" {
  description = <<-EOT
    How the assistant answers, and whom.
      llm, model, location, base_url  who writes: gemini, openai (any server that speaks it; needs base_url) or offline
      key                             key of secrets with the key of the LLM's server; null: Google's credentials
      day_usd, day_tokens             what all of a day may cost and use; then it answers without the LLM
      callers                         key => member who may call it (roles/run.invoker): a group of agents, the account
                                      of a gateway. Identity-Aware Proxy's own account is added with iap_audience
      people                          key of secrets with the YAML that says which e-mail address is which agent; null:
                                      tokens say so themselves (issuer), or nobody has a role
      iap_audience                    /projects/NUMBER/…, where Identity-Aware Proxy stands before it
      issuer, issuer_keys             OIDC issuer of tokens that carry our claims, and the address of its keys. Cloud Run
                                      takes no such token: docs/infra/README.md says how it gets in
  EOT
  type = object({
    llm          = optional(string, "gemini")
    model        = optional(string, "gemini-3.5-flash")
    location     = optional(string, "global")
    base_url     = optional(string, "")
    key          = optional(string)
    day_usd      = optional(number, 50)
    day_tokens   = optional(number, 20000000)
    callers      = optional(map(string), {})
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
    condition     = alltrue([for member in values(var.assistant.callers) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]) && length(setintersection(keys(var.assistant.callers), ["cicd", "iap", "monitoring"])) == 0
    error_message = "assistant.callers is ${jsonencode(var.assistant.callers)}: write user:, group:, serviceAccount:, domain:, principal: or principalSet: under keys other than cicd, iap and monitoring; allUsers and allAuthenticatedUsers are refused."
  }

  validation {
    condition     = var.env == "dev" || length(var.assistant.callers) > 0 || var.assistant.iap_audience != ""
    error_message = "assistant has neither callers nor iap_audience in prod: Cloud Run would let nobody in. Write callers = { agents = \"group:…\" }, or put Identity-Aware Proxy before it."
  }

  validation {
    condition     = var.assistant.iap_audience == "" || can(regex("^/projects/[0-9]+/", var.assistant.iap_audience))
    error_message = "assistant.iap_audience is ${jsonencode(var.assistant.iap_audience)}: write /projects/NUMBER/…, as Identity-Aware Proxy shows it."
  }

  validation {
    condition     = (var.assistant.issuer == "") == (var.assistant.issuer_keys == "")
    error_message = "assistant has [issuer, issuer_keys] ${jsonencode([var.assistant.issuer, var.assistant.issuer_keys])}: write both or neither."
  }

  # The network's private zones lead to Google's addresses alone.
  validation {
    condition     = var.network.internet_egress || alltrue([for address in compact([var.assistant.base_url, var.assistant.issuer_keys]) : can(regex("^https://([a-z0-9-]+[.])*(googleapis[.]com|gstatic[.]com|run[.]app)(:[0-9]+)?(/|$)", address))])
    error_message = "assistant has [base_url, issuer_keys] ${jsonencode([var.assistant.base_url, var.assistant.issuer_keys])}, which the network does not reach: write network.internet_egress = true, or an address of googleapis.com, gstatic.com or run.app."
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
  description = "When jobs of Cloud Run start: job (evaluation, faq, review) => cron, whether it only stands there."
  type = map(object({
    description = string
    schedule    = string
    paused      = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.job_schedules), ["evaluation", "faq", "review"])) == 0
    error_message = "job_schedules has ${jsonencode(keys(var.job_schedules))}: write evaluation, faq and review; a release and an erasure are started by people, documents come with a delivery."
  }

  validation {
    condition     = alltrue([for start in var.job_schedules : length(split(" ", start.schedule)) == 5])
    error_message = "job_schedules has ${jsonencode({ for name, start in var.job_schedules : name => start.schedule })}: write five fields of cron, such as \"30 8 * * *\"."
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

  validation {
    condition     = alltrue([for order in var.schedules : length(split(" ", order.schedule)) == 5])
    error_message = "schedules has ${jsonencode({ for name, order in var.schedules : name => order.schedule })}: write five fields of cron, such as \"0 6 * * 1\"."
  }
}

variable "endpoint" {
  description = "Endpoint for online predictions on Vertex AI, by number; null: the services answer alone."
  type        = object({ number = string })
  default     = null

  validation {
    condition     = var.endpoint == null || can(regex("^[1-9][0-9]{0,8}$", var.endpoint.number))
    error_message = "endpoint.number is ${jsonencode(try(var.endpoint.number, null))}: write 1 to 9 digits, not beginning with 0."
  }
}

variable "online_store" {
  description = "Bigtable store of the features, billed by the hour; null: reads go to BigQuery."
  type = object({
    name           = string
    min_node_count = optional(number, 1)
    max_node_count = optional(number, 2)
  })
  default = null

  validation {
    condition     = var.online_store == null || can(regex("^[a-z_][a-z0-9_]{0,59}$", var.online_store.name)) && try(var.online_store.min_node_count >= 1 && var.online_store.min_node_count <= var.online_store.max_node_count, false)
    error_message = "online_store is ${jsonencode(var.online_store)}: a name is lowercase letters, digits and '_', and of nodes there is at least one and no more at the least than at the most."
  }
}

variable "search" {
  description = "The search over documents: whether the engine is the enterprise edition."
  type        = object({ enterprise = optional(bool, true) })
  default     = {}
  nullable    = false
}

variable "quality" {
  description = "Data quality scans: cron (null: on demand), and who hears of a failed one."
  type = object({
    schedule = optional(string)
    emails   = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for address in var.quality.emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "quality.emails is ${jsonencode(var.quality.emails)}: write addresses such as data@example.com."
  }
}

variable "channels" {
  description = "Who hears of alerts: see the module monitoring."
  type = map(object({
    type       = string
    address    = string
    severities = optional(list(string), ["CRITICAL", "ERROR", "WARNING"])
  }))
  nullable = false

  validation {
    condition     = length(var.channels) >= 1 && length([for channel in var.channels : channel if channel.type == "email"]) <= 5
    error_message = "channels is ${jsonencode({ for key, channel in var.channels : key => channel.type })}: name at least one, since nobody would hear of an alert otherwise, and at most five of type email, since a budget takes five and no others."
  }
}

variable "channel_secrets" {
  description = "Slack token or webhook password by channel, as TF_VAR_channel_secrets."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true

  validation {
    condition     = length(setsubtract(keys(var.channel_secrets), keys(var.channels))) == 0
    error_message = "channel_secrets has a key that channels has not. Write keys of channels."
  }
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

variable "measured" {
  description = "Services that answered a first request, after which Monitoring knows what their objective counts: assistant. Before that it refuses the objective (docs/infra/README.md, step 7)."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.measured, ["assistant"])) == 0
    error_message = "measured is ${jsonencode(var.measured)}: write assistant, or nothing; the batch is always measured."
  }

  validation {
    condition     = alltrue([for name in var.measured : try(var.services[name].prometheus, null) != null])
    error_message = "measured is ${jsonencode(var.measured)}, which has no prometheus in services: without the sidecar its metric never comes into being. Write prometheus = {} there."
  }
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
