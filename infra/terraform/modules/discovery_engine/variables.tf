variable "project_id" {
  description = "Id of the project that holds the resources."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id = \"${var.project_id}\" is no project id: 6 to 30 lower-case letters, digits and -, a letter first. Take it from `gcloud projects list`."
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

variable "location" {
  description = "Where documents are kept and searched: global, us or eu."
  type        = string
  default     = "global"
  nullable    = false

  validation {
    condition     = contains(["global", "us", "eu"], var.location)
    error_message = "location = \"${var.location}\" is no location of Agent Search. Write global, us or eu."
  }
}

variable "data_stores" {
  description = "Data stores by short name. kind documents: files, parsed by layout and cut into chunks of chunk_size tokens. kind faq: questions and answers with fields of their own, the fields of faq_schema.json."
  type = map(object({
    kind                      = string
    display_name              = optional(string)
    chunk_size                = optional(number, 500)
    include_ancestor_headings = optional(bool, true)
  }))
  default = {
    docs = { kind = "documents" }
    faq  = { kind = "faq" }
  }
  nullable = false

  validation {
    condition     = alltrue([for store in var.data_stores : contains(["documents", "faq"], store.kind)])
    error_message = "data_stores has the kinds ${jsonencode({ for name, store in var.data_stores : name => store.kind })}. Write documents or faq."
  }
  validation {
    condition     = alltrue([for name in keys(var.data_stores) : can(regex("^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$", name))])
    error_message = "data_stores has the names ${jsonencode(keys(var.data_stores))}: lower-case letters, digits and -, a letter first, at most 40. Rename the one that differs."
  }
  validation {
    condition     = alltrue([for store in var.data_stores : store.chunk_size >= 100 && store.chunk_size <= 500])
    error_message = "data_stores has the chunk sizes ${jsonencode({ for name, store in var.data_stores : name => store.chunk_size })}. Write 100 to 500 tokens."
  }
}

variable "engine" {
  description = "Search engine over all data stores: enterprise adds extractive answers, llm generated ones; both cost more. null: data stores only."
  type = object({
    display_name = optional(string)
    company_name = optional(string)
    enterprise   = optional(bool, true)
    llm          = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.engine == null || try(var.engine.enterprise || !var.engine.llm, false)
    error_message = "engine.llm = true needs engine.enterprise = true."
  }
}

variable "kms_key_name" {
  description = "Customer-managed key of the data stores (us and eu only); null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || var.location != "global"
    error_message = "kms_key_name = \"${coalesce(var.kms_key_name, "null")}\" with location global: own keys exist in us and eu only. Change the location."
  }
}
