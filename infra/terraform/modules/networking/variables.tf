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
  description = "Region of the subnet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region is ${jsonencode(var.region)}, which is no region: write one such as us-central1."
  }
}

variable "name" {
  description = "Name of the network; everything in it is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "name is ${jsonencode(var.name)}: write lowercase letters, digits and '-', at most 40, a letter first."
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

variable "subnet_cidr" {
  description = "Range of the subnet. Cloud Run takes up to twice its instances in addresses, so at least a /26."
  type        = string
  default     = "10.10.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.subnet_cidr, 1)) && can(regex("^(10[.]|172[.](1[6-9]|2[0-9]|3[01])[.]|192[.]168[.])", var.subnet_cidr))
    error_message = "subnet_cidr is ${jsonencode(var.subnet_cidr)}: write a private IPv4 range such as 10.10.0.0/24."
  }

  validation {
    condition     = try(tonumber(split("/", var.subnet_cidr)[1]) <= 26, false)
    error_message = "subnet_cidr is ${jsonencode(var.subnet_cidr)}: Cloud Run's direct egress needs a /26 or larger."
  }
}

variable "internet_egress" {
  description = "Whether what runs here may also reach the Internet, over Cloud NAT and port 443. Without it there is no route but to Google's APIs."
  type        = bool
  default     = false
  nullable    = false
}

variable "flow_logs" {
  description = "Flow logs of the subnet: share of the flows (0 to 1) and interval over which they are added up."
  type = object({
    sampling = optional(number, 0.5)
    interval = optional(string, "INTERVAL_10_MIN")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.flow_logs.sampling > 0 && var.flow_logs.sampling <= 1
    error_message = "flow_logs.sampling is ${var.flow_logs.sampling}: write a share above 0 and up to 1."
  }

  validation {
    condition     = contains(["INTERVAL_5_SEC", "INTERVAL_30_SEC", "INTERVAL_1_MIN", "INTERVAL_5_MIN", "INTERVAL_10_MIN", "INTERVAL_15_MIN"], var.flow_logs.interval)
    error_message = "flow_logs.interval is ${jsonencode(var.flow_logs.interval)}: write INTERVAL_5_SEC, _30_SEC, _1_MIN, _5_MIN, _10_MIN or _15_MIN."
  }
}
