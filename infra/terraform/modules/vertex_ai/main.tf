# The feature registry, the optional online store and the optional endpoint, such that the code finds what it would make
# itself and leaves it alone (telecom/adapters/gcp/{features,_features_registry,endpoints}.py).

locals {
  schemas_path = coalesce(var.schemas_path, "${path.module}/../../../../data/schemas")
  decoded      = [for name in fileset(local.schemas_path, "*.yaml") : yamldecode(file("${local.schemas_path}/${name}"))]
  contracts    = { for contract in local.decoded : contract.table => contract }

  features = [
    for column in try(local.contracts[var.feature_group.table].columns, []) : column if try(column.feature, false)
  ]
  positions = { for position, column in local.features : column.name => position }

  # The code's own labels, to the letter: it rewrites those of a feature that has others.
  code_labels = { app = "telecom-ml-llmops", env = var.env }
}

resource "google_vertex_ai_feature_group" "this" {
  for_each = var.feature_group == null ? toset([]) : toset(["group"])

  project     = var.project_id
  region      = var.region
  name        = var.feature_group.name
  description = "Inputs of the churn model, from ${var.feature_group.table}."
  labels      = merge(var.labels, local.code_labels)

  big_query {
    entity_id_columns = [var.feature_group.entity]

    big_query_source {
      input_uri = "bq://${var.project_id}.${join(".", try(regex("datasets/([^/]+)/tables/([^/]+)$", var.table_ids[var.feature_group.table]), split(".", var.feature_group.table)))}"
    }
  }

  lifecycle {
    precondition {
      condition     = contains(keys(local.contracts), var.feature_group.table)
      error_message = "feature_group.table = \"${var.feature_group.table}\" has no contract in ${local.schemas_path}. Write one of ${join(", ", keys(local.contracts))}."
    }
    precondition {
      condition     = length(setsubtract([var.feature_group.entity, "feature_timestamp"], try(local.contracts[var.feature_group.table].columns[*].name, []))) == 0
      error_message = "${var.feature_group.table} lacks ${join(", ", setsubtract([var.feature_group.entity, "feature_timestamp"], try(local.contracts[var.feature_group.table].columns[*].name, [])))}, without which it is no feature table."
    }
    precondition {
      condition     = length(local.features) > 0
      error_message = "No column of ${var.feature_group.table} is marked `feature: true`."
    }
  }
}

resource "google_vertex_ai_feature_group_feature" "this" {
  for_each = local.positions

  project             = var.project_id
  region              = var.region
  feature_group       = google_vertex_ai_feature_group.this["group"].name
  name                = each.key
  version_column_name = each.key
  labels              = merge(local.code_labels, { position = tostring(each.value) })
}

resource "google_vertex_ai_feature_online_store" "this" {
  for_each = var.online_store == null ? toset([]) : toset(["store"])

  project       = var.project_id
  region        = var.region
  name          = var.online_store.name
  force_destroy = var.force_destroy
  labels        = merge(var.labels, local.code_labels)

  bigtable {
    auto_scaling {
      min_node_count         = var.online_store.min_node_count
      max_node_count         = var.online_store.max_node_count
      cpu_utilization_target = var.online_store.cpu_utilization_target
    }
  }
}

resource "google_vertex_ai_feature_online_store_featureview" "this" {
  for_each = try(var.online_store.feature_views, {})

  project              = var.project_id
  region               = var.region
  feature_online_store = google_vertex_ai_feature_online_store.this["store"].name
  name                 = each.key
  labels               = merge(var.labels, local.code_labels)

  big_query_source {
    uri               = "bq://${var.project_id}.${each.value.source}"
    entity_id_columns = [each.value.entity]
  }

  sync_config {
    cron = each.value.cron
  }
}

# Which models it serves, and who gets which share, is the code's business (`telecom release canary`).
resource "google_vertex_ai_endpoint" "this" {
  for_each = var.endpoint == null ? toset([]) : toset(["endpoint"])

  # checkov:skip=CKV2_GCP_33:A private endpoint takes a peered network; this one answers only to those whom IAM lets in.
  project                    = var.project_id
  location                   = var.region
  region                     = var.region
  name                       = var.endpoint.number
  display_name               = coalesce(var.endpoint.display_name, "telecom-${var.env}")
  description                = "Online scores of the churn model."
  dedicated_endpoint_enabled = var.endpoint.dedicated
  labels                     = merge(var.labels, local.code_labels)

  dynamic "encryption_spec" {
    for_each = var.kms_key_name[*]

    content {
      kms_key_name = encryption_spec.value
    }
  }

  lifecycle {
    ignore_changes = [traffic_split]
  }
}
