# Datasets, and the tables that the contracts in data/schemas describe.

locals {
  schemas_path = coalesce(var.schemas_path, "${path.module}/../../../../data/schemas")
  decoded      = [for name in fileset(local.schemas_path, "*.yaml") : yamldecode(file("${local.schemas_path}/${name}"))]
  contracts    = { for contract in local.decoded : contract.table => contract }

  # What a contract says, in the words of BigQuery's table schema. Keys that do not apply are left out.
  schemas = {
    for name, contract in local.contracts : name => [
      for column in contract.columns : {
        for key, value in {
          name        = column.name
          type        = column.type
          mode        = try(column.mode, "NULLABLE")
          description = column.description
          fields = [
            for field in try(column.fields, []) : {
              name        = field.name
              type        = field.type
              mode        = try(field.mode, "NULLABLE")
              description = field.description
            }
          ]
          policyTags = { names = [lookup(var.policy_tags, try(column.pii, "none"), "")] }
        } : key => value
        if(key != "fields" || can(column.fields)) && (key != "policyTags" || contains(keys(var.policy_tags), try(column.pii, "none")))
      }
    ]
  }
  inventory = {
    for name, contract in local.contracts : name => {
      dataset     = split(".", name)[0]
      partition   = try(contract.partition_by, null)
      clusters    = try(contract.cluster_by, [])
      primary_key = contract.key
      tagged      = { for column in contract.columns : column.name => column.pii if contains(keys(var.policy_tags), try(column.pii, "none")) }
    }
  }

  descriptions = {
    telecom_bronze     = "As received: sources and refused records."
    telecom_silver     = "Cleaned and typed."
    telecom_gold       = "Features, scores and decisions."
    telecom_monitoring = "What jobs, models and the assistant tell of themselves."
    telecom_staging    = "Rows on their way; everything here expires."
    telecom_analytics  = "What analysts may read: views without personal data."
  }

  day_ms = 24 * 3600 * 1000
}

resource "google_bigquery_dataset" "this" {
  for_each = var.datasets

  # checkov:skip=CKV_GCP_81:A key of one's own is an option (kms_key_name), off by default.
  project                     = var.project_id
  dataset_id                  = each.key
  location                    = var.region
  description                 = coalesce(each.value.description, lookup(local.descriptions, each.key, "Part of the telecom warehouse."))
  default_table_expiration_ms = each.value.table_expiration_hours == null ? null : each.value.table_expiration_hours * 3600 * 1000
  max_time_travel_hours       = "168"
  delete_contents_on_destroy  = var.force_destroy
  labels                      = merge(var.labels, { env = var.env })

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key_name[*]

    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.contracts) > 0
      error_message = "There are no contracts in ${local.schemas_path}. Set schemas_path to the folder data/schemas of a complete checkout."
    }
    precondition {
      condition     = length(setsubtract([for name in keys(local.contracts) : split(".", name)[0]], keys(var.datasets))) == 0
      error_message = "Contracts in ${local.schemas_path} name datasets that var.datasets does not have: ${join(", ", setsubtract([for name in keys(local.contracts) : split(".", name)[0]], keys(var.datasets)))}. Add them."
    }
    precondition {
      condition     = length(setsubtract(keys(var.tables), keys(local.contracts))) == 0
      error_message = "tables names ${join(", ", setsubtract(keys(var.tables), keys(local.contracts)))}, for which there is no contract in ${local.schemas_path}. Correct the name."
    }
  }
}

resource "google_bigquery_table" "this" {
  for_each = local.contracts

  # checkov:skip=CKV_GCP_80:Tables take the key of their dataset, which is an option (kms_key_name).
  # checkov:skip=CKV_GCP_121:Tables of dev may be thrown away; in prod our own policy "destroyable" refuses that.
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this[split(".", each.key)[0]].dataset_id
  table_id            = split(".", each.key)[1]
  description         = each.value.description
  schema              = jsonencode(local.schemas[each.key])
  clustering          = try(each.value.cluster_by, null)
  deletion_protection = var.deletion_protection
  labels = merge(var.labels, {
    env         = var.env
    owner       = each.value.owner
    domain      = each.value.domain
    sensitivity = each.value.sensitivity
  })

  dynamic "time_partitioning" {
    for_each = try([each.value.partition_by], [])

    content {
      type          = "DAY"
      field         = time_partitioning.value
      expiration_ms = var.env == "dev" ? var.dev_expiration_days * local.day_ms : null
    }
  }

  table_constraints {
    primary_key {
      columns = each.value.key
    }
  }

  lifecycle {
    # The name of a table is what the code asks for: a contract that moves is a new table, and the old one stays.
    precondition {
      condition     = length(setsubtract([for column in each.value.columns : try(column.pii, "none")], concat(keys(var.policy_tags), ["none"]))) == 0 || length(var.policy_tags) == 0
      error_message = "${each.key} holds the PII classes ${join(", ", setsubtract([for column in each.value.columns : try(column.pii, "none")], concat(keys(var.policy_tags), ["none"])))}, for which policy_tags has no tag. Add it."
    }
  }
}
