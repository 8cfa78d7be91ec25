# Aspect types, and one entry per table that carries an aspect of each. The entry itself is BigQuery's; only these three
# aspects of it are ours, whatever else hangs there.

locals {
  enums = {
    sensitivity = ["internal", "confidential", "restricted"]
    domain      = ["customer", "billing", "network", "service", "assistant", "model"]
    layer       = ["bronze", "silver", "gold", "monitoring"]
  }
  aspect_types = {
    domain = {
      title = "Domain"
      text  = "The part of the business that a table tells of, and its layer."
      fields = [
        { name = "domain", type = "enum", text = "Part of the business." },
        { name = "layer", type = "enum", text = "Layer of the warehouse." },
      ]
    }
    quality = {
      title = "Owner and quality"
      text  = "Who answers for a table, how fresh it must be, and how many rules it keeps."
      fields = [
        { name = "owner", type = "string", text = "Team that answers for the table." },
        { name = "freshness_hours", type = "int", text = "Hours after which the table is late." },
        { name = "rules", type = "int", text = "Columns with rules, and rules over rows, that are checked." },
        { name = "key", type = "string", text = "Columns that tell rows apart, comma-separated." },
      ]
    }
    sensitivity = {
      title = "Sensitivity"
      text  = "How much harm a leak would do, and which classes of personal data a table holds."
      fields = [
        { name = "sensitivity", type = "enum", text = "Harm that a leak would do." },
        { name = "pii_classes", type = "string", text = "Classes of personal data in its columns, comma-separated, or none." },
      ]
    }
  }

  tables = { for name, contract in local.contracts : name => contract if contains(keys(var.table_ids), name) }
  aspects = {
    for name, contract in local.tables : name => {
      domain = {
        domain = contract.domain
        layer  = trimprefix(split(".", name)[0], "telecom_")
      }
      quality = {
        owner           = contract.owner
        freshness_hours = contract.freshness_hours
        rules           = length(try(contract.checks, [])) + length([for column in contract.columns : column.name if anytrue([for rule in ["values", "minimum", "maximum", "pattern"] : can(column[rule])]) || try(column.mode, "") == "REQUIRED"])
        key             = join(", ", contract.key)
      }
      sensitivity = {
        sensitivity = contract.sensitivity
        pii_classes = join(", ", coalescelist(sort(distinct([for column in contract.columns : column.pii if can(column.pii)])), ["none"]))
      }
    }
  }
}

resource "google_dataplex_aspect_type" "this" {
  for_each = local.aspect_types

  project        = var.project_id
  location       = var.region
  aspect_type_id = "telecom-${each.key}"
  display_name   = each.value.title
  description    = each.value.text
  labels         = merge(var.labels, { env = var.env })

  # `index` is a field's identity for good: append new fields, never reorder.
  metadata_template = jsonencode({
    name = "telecom-${each.key}"
    type = "record"
    recordFields = [
      for position, field in each.value.fields : merge(
        {
          name        = field.name
          type        = field.type
          index       = position + 1
          constraints = { required = true }
          annotations = { description = field.text }
        },
        # A map of one key or none: conditional objects must be of one type.
        { for key, values in { enumValues = try(local.enums[field.name], []) } : key => [
          for place, value in values : { name = value, index = place + 1 }
        ] if field.type == "enum" },
      )
    ]
  })

  lifecycle {
    # Not asked of the taxonomy, which the tables wait for.
    precondition {
      condition     = length(setsubtract(keys(var.table_ids), keys(local.contracts))) == 0
      error_message = "table_ids names tables without a contract in ${local.schemas_path}: ${join(", ", setsubtract(keys(var.table_ids), keys(local.contracts)))}. Remove them, or correct schemas_path."
    }
  }
}

resource "google_dataplex_entry" "table" {
  for_each = local.tables

  project              = var.project_number
  location             = var.region
  entry_group_id       = "@bigquery"
  entry_id             = "bigquery.googleapis.com/${var.table_ids[each.key]}"
  entry_type           = "projects/655216118709/locations/global/entryTypes/bigquery-table"
  fully_qualified_name = "bigquery:${var.project_id}.${each.key}"
  parent_entry         = "projects/${var.project_number}/locations/${var.region}/entryGroups/@bigquery/entries/bigquery.googleapis.com/projects/${var.project_id}/datasets/${split(".", each.key)[0]}"

  dynamic "aspects" {
    for_each = local.aspects[each.key]
    iterator = each_aspect

    content {
      aspect_key = "${var.project_number}.${var.region}.${google_dataplex_aspect_type.this[each_aspect.key].aspect_type_id}"

      aspect {
        data = jsonencode(each_aspect.value)
      }
    }
  }

  lifecycle {
    precondition {
      condition     = contains(local.enums.domain, each.value.domain) && contains(local.enums.sensitivity, each.value.sensitivity)
      error_message = "${each.key} is of domain ${each.value.domain} and sensitivity ${each.value.sensitivity}; the aspect types know ${join(", ", local.enums.domain)} and ${join(", ", local.enums.sensitivity)}. Append the new value to local.enums."
    }
  }
}
