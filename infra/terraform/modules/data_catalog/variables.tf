variable "project_id" {
  description = "Id of the project that holds the resources."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id = \"${var.project_id}\" is no project id: 6 to 30 lower-case letters, digits and -, a letter first. Take it from `gcloud projects list`."
  }
}

variable "project_number" {
  description = "Number of the same project: catalogue entries know projects by number only."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number = \"${var.project_number}\" is no project number. Take it from `gcloud projects describe PROJECT --format='value(projectNumber)'`."
  }
}

variable "region" {
  description = "Region of every resource; the same as TELECOM_REGION."
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

variable "labels" {
  description = "Labels of every resource that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "labels = ${jsonencode(var.labels)}: keys and values are lower-case letters, digits, _ and -, at most 63; a key starts with a letter. Rename the one that differs."
  }
}

variable "schemas_path" {
  description = "Folder of the table contracts, `*.yaml`; null: data/schemas of this repository."
  type        = string
  default     = null
}

variable "pii_classes" {
  description = "PII classes of the contracts: what a class means, how a masked reader sees it (null: not at all), iam of its policy tag and of its data policy (role => static key => member)."
  type = map(object({
    description = string
    masking     = optional(string)
    iam         = optional(map(map(string)), {})
    masking_iam = optional(map(map(string)), {})
  }))
  default = {
    quasi_identifier = { description = "Tells people apart only together with other columns.", masking = "ALWAYS_NULL" }
    identifier       = { description = "Names one customer.", masking = "SHA256" }
    contact          = { description = "Reaches one customer.", masking = "ALWAYS_NULL" }
    government_id    = { description = "Issued by the state.", masking = "ALWAYS_NULL" }
  }
  nullable = false

  validation {
    condition     = length(setsubtract(["quasi_identifier", "identifier", "contact", "government_id"], keys(var.pii_classes))) == 0 && length(var.pii_classes) == 4
    error_message = "pii_classes has ${jsonencode(keys(var.pii_classes))}; contracts know quasi_identifier, identifier, contact and government_id. Name exactly these."
  }
  validation {
    condition     = alltrue([for class in var.pii_classes : contains(["SHA256", "ALWAYS_NULL", "DEFAULT_MASKING_VALUE", "none"], coalesce(class.masking, "none"))])
    error_message = "pii_classes masks with ${jsonencode({ for name, class in var.pii_classes : name => class.masking })}. Write SHA256, ALWAYS_NULL, DEFAULT_MASKING_VALUE or null."
  }
  validation {
    condition     = alltrue([for name, class in var.pii_classes : coalesce(class.masking, "none") != "SHA256" || name == "identifier"])
    error_message = "pii_classes masks with ${jsonencode({ for name, class in var.pii_classes : name => class.masking })}. SHA256 takes text only and can be guessed where few values exist (tax numbers, telephones): write ALWAYS_NULL."
  }
  validation {
    condition = alltrue(flatten([
      for class in var.pii_classes : [
        for role in concat(keys(class.iam), keys(class.masking_iam)) : contains(["roles/datacatalog.categoryFineGrainedReader", "roles/bigquerydatapolicy.maskedReader"], role)
      ]
    ]))
    error_message = "pii_classes grants ${jsonencode(distinct(flatten([for class in var.pii_classes : concat(keys(class.iam), keys(class.masking_iam))])))}. Write roles/datacatalog.categoryFineGrainedReader in iam and roles/bigquerydatapolicy.maskedReader in masking_iam."
  }
}

variable "iam" {
  description = "Bindings on every policy tag: role => static key => member. Whoever reads or rewrites rows of tagged columns needs roles/datacatalog.categoryFineGrainedReader: our jobs, Dataplex's and Vertex AI's service agents."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for role in keys(var.iam) : role == "roles/datacatalog.categoryFineGrainedReader"])
    error_message = "iam has the roles ${jsonencode(keys(var.iam))}. Write roles/datacatalog.categoryFineGrainedReader."
  }
  validation {
    condition     = alltrue(flatten([for members in var.iam : [for member in values(members) : !contains(["allUsers", "allAuthenticatedUsers"], member)]]))
    error_message = "iam opens personal data to allUsers or allAuthenticatedUsers. Name groups or service accounts."
  }
}

variable "masking_iam" {
  description = "Bindings on every data policy, of those who see masked values: role => static key => member."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for role in keys(var.masking_iam) : role == "roles/bigquerydatapolicy.maskedReader"])
    error_message = "masking_iam has the roles ${jsonencode(keys(var.masking_iam))}. Write roles/bigquerydatapolicy.maskedReader."
  }
  validation {
    condition     = alltrue(flatten([for members in var.masking_iam : [for member in values(members) : !contains(["allUsers", "allAuthenticatedUsers"], member)]]))
    error_message = "masking_iam opens masked data to allUsers or allAuthenticatedUsers. Name groups or service accounts."
  }
}

variable "table_ids" {
  description = "Ids of the tables that get aspects by full name `dataset.table`, each with a contract. Output `table_ids` of module bigquery."
  type        = map(string)
  default     = {}
  nullable    = false
}
