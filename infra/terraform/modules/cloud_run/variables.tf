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
  description = "Environment; in prod images are named by digest and nothing is open to the Internet."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "env is ${jsonencode(var.env)}: write \"dev\" or \"prod\"."
  }
}

variable "region" {
  description = "Region of services and jobs."
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

variable "project_number" {
  description = "Number of the project. With it a service knows its own address before it exists (self_url_in, output urls). Null: it does not."
  type        = string
  default     = null

  validation {
    condition     = var.project_number == null || can(regex("^[0-9]{6,}$", var.project_number))
    error_message = "project_number is ${jsonencode(var.project_number)}: write the number that `gcloud projects describe` prints."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete services and jobs."
  type        = bool
  default     = true
  nullable    = false
}

variable "vpc" {
  description = "Network for direct egress of services and jobs that have vpc_egress: network, subnetwork, tags (output cloud_run of the module networking). Null: none."
  type = object({
    network    = string
    subnetwork = string
    tags       = optional(list(string), [])
  })
  default = null
}

variable "services" {
  description = <<-EOT
    Services by their whole name.
      image              the first one; later ones are the release tools' (README)
      service_account    e-mail of the account that it runs as
      min_instances      instances that are kept; max_instances: at most so many. Both have to be said
      ingress            INTERNAL_ONLY, INTERNAL_LOAD_BALANCER or ALL
      port, command, args
      env                name => value; secrets: name => { secret, version }
      secret_files       mount path => { secret, version, file }
      cpu, memory        limits; cpu_always: processor also between requests, which a sidecar that scrapes needs
      concurrency        requests at once per instance; timeout_seconds of each
      startup_probe      path, after which period and how often before it is given up; liveness_probe likewise
      prometheus         sends /metrics to Managed Service for Prometheus by a sidecar: image, config_secret, version
      sidecars           name => { image, args, env, cpu, memory }
      vpc_egress         PRIVATE_RANGES_ONLY or ALL_TRAFFIC through vpc; null: not through it
      self_url_in        variable that gets the service's own address, such as TELECOM_AUDIENCE; needs project_number
      audiences          further audiences that tokens of callers may name
      tag                tag of the first revision, so that the release tools can ask it alone
      kms_key, labels
      iam                role => { key => member }; without it nobody may call
  EOT
  type = map(object({
    description     = string
    image           = string
    service_account = string
    min_instances   = number
    max_instances   = number
    ingress         = optional(string, "INTERNAL_ONLY")
    port            = optional(number, 8080)
    command         = optional(list(string))
    args            = optional(list(string))
    env             = optional(map(string), {})
    secrets         = optional(map(object({ secret = string, version = optional(string, "latest") })), {})
    secret_files    = optional(map(object({ secret = string, version = optional(string, "latest"), file = string })), {})
    cpu             = optional(string, "1")
    memory          = optional(string, "512Mi")
    cpu_always      = optional(bool, false)
    concurrency     = optional(number, 80)
    timeout_seconds = optional(number, 60)
    startup_probe = optional(object({
      path           = optional(string, "/readyz")
      period_seconds = optional(number, 5)
      failures       = optional(number, 24)
    }), {})
    liveness_probe = optional(object({
      path           = optional(string, "/healthz")
      period_seconds = optional(number, 30)
      failures       = optional(number, 3)
    }), {})
    prometheus = optional(object({
      image         = optional(string, "us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/cloud-run-gmp-sidecar:1.2.0")
      config_secret = optional(string)
      version       = optional(string, "latest")
    }))
    sidecars = optional(map(object({
      image  = string
      args   = optional(list(string))
      env    = optional(map(string), {})
      cpu    = optional(string, "1")
      memory = optional(string, "512Mi")
    })), {})
    vpc_egress  = optional(string)
    self_url_in = optional(string)
    audiences   = optional(list(string), [])
    tag         = optional(string, "stable")
    kms_key     = optional(string)
    labels      = optional(map(string), {})
    iam         = optional(map(map(string)), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.services) : can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", name))])
    error_message = "services has ${jsonencode(keys(var.services))}: a name is lowercase letters, digits and '-', at most 49, a letter first."
  }

  validation {
    condition     = alltrue([for service in var.services : service.min_instances >= 0 && service.max_instances >= 1 && service.min_instances <= service.max_instances && service.max_instances <= 100])
    error_message = "services has [min_instances, max_instances] ${jsonencode({ for name, service in var.services : name => [service.min_instances, service.max_instances] })}: 0 <= min <= max, and max is 1 to 100."
  }

  validation {
    condition     = alltrue([for service in var.services : contains(["INTERNAL_ONLY", "INTERNAL_LOAD_BALANCER", "ALL"], service.ingress)])
    error_message = "services has ingress ${jsonencode({ for name, service in var.services : name => service.ingress })}: write INTERNAL_ONLY, INTERNAL_LOAD_BALANCER or ALL."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for service in var.services : service.ingress != "ALL"])
    error_message = "services ${jsonencode([for name, service in var.services : name if service.ingress == "ALL"])} are open to the Internet in prod: write INTERNAL_ONLY, or INTERNAL_LOAD_BALANCER behind a load balancer."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for service in var.services : can(regex("@sha256:[0-9a-f]{64}$", service.image))])
    error_message = "services has image ${jsonencode({ for name, service in var.services : name => service.image })} in prod: name images by digest, …@sha256:…."
  }

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[^@\\s]+@[^@\\s]+[.]gserviceaccount[.]com$", service.service_account)) && !can(regex("-compute@developer[.]gserviceaccount[.]com$|@appspot[.]gserviceaccount[.]com$", service.service_account))])
    error_message = "services has service_account ${jsonencode({ for name, service in var.services : name => service.service_account })}: write the e-mail of an account made for it; Google's default accounts are refused."
  }

  validation {
    condition     = alltrue(flatten([for service in var.services : [for name, value in service.env : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name)) && name != "PORT" && !can(regex("(?i)(password|passwd|secret|token|api_?key|private_?key|(^|_)(pass|pwd|key))$", name))]]))
    error_message = "services has env ${jsonencode({ for name, service in var.services : name => sort(keys(service.env)) })}: PORT is Cloud Run's, and what is called password (pass, pwd), secret, token or key goes into secrets, by reference."
  }

  validation {
    condition     = alltrue([for service in var.services : length(setintersection(keys(service.env), keys(service.secrets))) == 0])
    error_message = "services has the same name in env and secrets: ${jsonencode({ for name, service in var.services : name => setintersection(keys(service.env), keys(service.secrets)) })}; keep one."
  }

  validation {
    condition     = alltrue([for service in var.services : contains(["1", "2", "4", "6", "8"], service.cpu) && can(regex("^([0-9]{4,}|51[2-9]|5[2-9][0-9]|[6-9][0-9]{2})Mi$|^[0-9]+Gi$", service.memory))])
    error_message = "services has [cpu, memory] ${jsonencode({ for name, service in var.services : name => [service.cpu, service.memory] })}: cpu is 1, 2, 4, 6 or 8 (less has no second-generation environment), memory at least 512Mi, such as 2Gi."
  }

  validation {
    condition     = alltrue([for service in var.services : service.concurrency >= 1 && service.concurrency <= 1000 && service.timeout_seconds >= 1 && service.timeout_seconds <= 3600 && service.port >= 1 && service.port <= 65535])
    error_message = "services has [port, concurrency, timeout_seconds] ${jsonencode({ for name, service in var.services : name => [service.port, service.concurrency, service.timeout_seconds] })}: 1 to 65535, 1 to 1000, 1 to 3600."
  }

  validation {
    condition     = alltrue([for service in var.services : startswith(service.startup_probe.path, "/") && startswith(service.liveness_probe.path, "/") && service.startup_probe.period_seconds * service.startup_probe.failures <= 240])
    error_message = "services has probes ${jsonencode({ for name, service in var.services : name => [service.startup_probe, service.liveness_probe] })}: paths begin with /, and period_seconds times failures of the start is at most 240."
  }

  validation {
    condition     = alltrue([for service in var.services : service.prometheus == null || service.cpu_always])
    error_message = "services ${jsonencode([for name, service in var.services : name if service.prometheus != null && !service.cpu_always])} have prometheus without cpu_always: the sidecar cannot scrape while the processor is taken away between requests; set cpu_always = true."
  }

  validation {
    condition     = alltrue([for service in var.services : service.prometheus == null || service.port == 8080 || try(service.prometheus.config_secret, null) != null])
    error_message = "services ${jsonencode([for name, service in var.services : name if service.prometheus != null && service.port != 8080])} have prometheus and another port than 8080: the sidecar asks 8080 unless a config_secret says otherwise."
  }

  validation {
    condition     = alltrue([for service in var.services : service.vpc_egress == null || contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], coalesce(service.vpc_egress, "none")) && var.vpc != null])
    error_message = "services has vpc_egress ${jsonencode({ for name, service in var.services : name => service.vpc_egress })}: write PRIVATE_RANGES_ONLY or ALL_TRAFFIC, and give vpc."
  }

  validation {
    condition     = var.project_number != null || alltrue([for service in var.services : service.self_url_in == null])
    error_message = "services ${jsonencode([for name, service in var.services : name if service.self_url_in != null])} have self_url_in, which needs project_number."
  }

  validation {
    condition     = alltrue(flatten([for it in var.services : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "services binds ${jsonencode({ for key, it in var.services : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.services : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "services has a member that is no named principal among ${jsonencode({ for key, it in var.services : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "jobs" {
  description = <<-EOT
    Jobs by their whole name: image, service_account, command, args, env, secrets, cpu, memory, vpc_egress, kms_key, labels
    and iam as for services; tasks, parallelism, retries of a task, timeout_seconds of a task.
  EOT
  type = map(object({
    image           = string
    service_account = string
    command         = optional(list(string))
    args            = optional(list(string))
    env             = optional(map(string), {})
    secrets         = optional(map(object({ secret = string, version = optional(string, "latest") })), {})
    cpu             = optional(string, "1")
    memory          = optional(string, "1Gi")
    tasks           = optional(number, 1)
    parallelism     = optional(number, 1)
    retries         = optional(number, 1)
    timeout_seconds = optional(number, 1800)
    vpc_egress      = optional(string)
    kms_key         = optional(string)
    labels          = optional(map(string), {})
    iam             = optional(map(map(string)), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.jobs) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "jobs has ${jsonencode(keys(var.jobs))}: a name is lowercase letters, digits and '-', at most 63, a letter first."
  }

  validation {
    condition     = var.env == "dev" || alltrue([for job in var.jobs : can(regex("@sha256:[0-9a-f]{64}$", job.image))])
    error_message = "jobs has image ${jsonencode({ for name, job in var.jobs : name => job.image })} in prod: name images by digest, …@sha256:…."
  }

  validation {
    condition     = alltrue([for job in var.jobs : can(regex("^[^@\\s]+@[^@\\s]+[.]gserviceaccount[.]com$", job.service_account)) && !can(regex("-compute@developer[.]gserviceaccount[.]com$|@appspot[.]gserviceaccount[.]com$", job.service_account))])
    error_message = "jobs has service_account ${jsonencode({ for name, job in var.jobs : name => job.service_account })}: write the e-mail of an account made for it; Google's default accounts are refused."
  }

  validation {
    condition     = alltrue(flatten([for job in var.jobs : [for name, value in job.env : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name)) && !can(regex("(?i)(password|passwd|secret|token|api_?key|private_?key|(^|_)(pass|pwd|key))$", name))]]))
    error_message = "jobs has env ${jsonencode({ for name, job in var.jobs : name => sort(keys(job.env)) })}: what is called password (pass, pwd), secret, token or key goes into secrets, by reference."
  }

  validation {
    condition     = alltrue([for job in var.jobs : length(setintersection(keys(job.env), keys(job.secrets))) == 0])
    error_message = "jobs has the same name in env and secrets: ${jsonencode({ for name, job in var.jobs : name => setintersection(keys(job.env), keys(job.secrets)) })}; keep one."
  }

  validation {
    condition     = alltrue([for job in var.jobs : contains(["1", "2", "4", "6", "8"], job.cpu) && can(regex("^([0-9]{4,}|51[2-9]|5[2-9][0-9]|[6-9][0-9]{2})Mi$|^[0-9]+Gi$", job.memory))])
    error_message = "jobs has [cpu, memory] ${jsonencode({ for name, job in var.jobs : name => [job.cpu, job.memory] })}: cpu is 1, 2, 4, 6 or 8, memory at least 512Mi, such as 2Gi."
  }

  validation {
    condition     = alltrue([for job in var.jobs : job.tasks >= 1 && job.parallelism >= 1 && job.parallelism <= job.tasks && job.retries >= 0 && job.retries <= 10 && job.timeout_seconds >= 1 && job.timeout_seconds <= 86400])
    error_message = "jobs has [tasks, parallelism, retries, timeout_seconds] ${jsonencode({ for name, job in var.jobs : name => [job.tasks, job.parallelism, job.retries, job.timeout_seconds] })}: parallelism is 1 to tasks, retries 0 to 10, timeout_seconds 1 to 86400."
  }

  validation {
    condition     = alltrue([for job in var.jobs : job.vpc_egress == null || contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], coalesce(job.vpc_egress, "none")) && var.vpc != null])
    error_message = "jobs has vpc_egress ${jsonencode({ for name, job in var.jobs : name => job.vpc_egress })}: write PRIVATE_RANGES_ONLY or ALL_TRAFFIC, and give vpc."
  }

  validation {
    condition     = alltrue(flatten([for it in var.jobs : [for role in keys(it.iam) : can(regex("^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$", role)) && !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", role))]]))
    error_message = "jobs binds ${jsonencode({ for key, it in var.jobs : key => keys(it.iam) })}: write roles/… names; basic roles (owner, editor, viewer) and admin roles are never bound, take the narrowest role that does the work."
  }

  validation {
    condition     = alltrue(flatten([for it in var.jobs : [for members in it.iam : [for member in values(members) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))]]]))
    error_message = "jobs has a member that is no named principal among ${jsonencode({ for key, it in var.jobs : key => { for role, members in it.iam : role => keys(members) } })}: write user:, group:, serviceAccount:, domain:, principal: or principalSet:; allUsers and allAuthenticatedUsers are refused."
  }
}
