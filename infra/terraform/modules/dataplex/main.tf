# A lake in zones. An asset is a whole bucket or dataset.

locals {
  buckets = merge([
    for zone, value in var.zones : {
      for key, bucket in value.buckets : "${zone}/bucket/${key}" => {
        zone = zone
        name = "bucket-${key}"
        type = "STORAGE_BUCKET"
        path = "projects/${var.project_id}/buckets/${bucket.name}"
      }
    }
  ]...)
  datasets = merge([
    for zone, value in var.zones : {
      for key, dataset in value.datasets : "${zone}/dataset/${key}" => {
        zone = zone
        name = "dataset-${replace(key, "_", "-")}"
        type = "BIGQUERY_DATASET"
        path = "projects/${var.project_id}/datasets/${dataset}"
      }
    }
  ]...)
  # Discovery makes a dataset of this name, with _ for -, which must be nobody else's.
  zones  = { for key in keys(var.zones) : key => "telecom-zone-${key}" }
  labels = merge(var.labels, { env = var.env })
}

resource "google_dataplex_lake" "this" {
  project      = var.project_id
  location     = var.region
  name         = "telecom-${var.env}"
  display_name = "Telecom ${var.env}"
  description  = "Buckets and datasets of the telecom project, in zones."
  labels       = local.labels

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(var.table_ids), keys(local.contracts))) == 0
      error_message = "table_ids names tables without a contract in ${local.schemas_path}: ${join(", ", setsubtract(keys(var.table_ids), keys(local.contracts)))}. Remove them, or correct schemas_path."
    }
  }
}

resource "google_dataplex_zone" "this" {
  for_each = var.zones

  project     = var.project_id
  location    = var.region
  lake        = google_dataplex_lake.this.name
  name        = local.zones[each.key]
  type        = each.value.type
  description = each.value.description
  labels      = local.labels

  resource_spec {
    location_type = "SINGLE_REGION"
  }

  # There is nothing to find but files: a dataset's tables are known.
  discovery_spec {
    enabled = each.value.discovery && length(each.value.buckets) > 0
  }
}

resource "google_dataplex_asset" "this" {
  for_each = merge(local.buckets, local.datasets)

  project       = var.project_id
  location      = var.region
  lake          = google_dataplex_lake.this.name
  dataplex_zone = google_dataplex_zone.this[each.value.zone].name
  name          = each.value.name
  labels        = local.labels

  resource_spec {
    type = each.value.type
    name = each.value.path
  }

  discovery_spec {
    enabled = each.value.type == "STORAGE_BUCKET" && var.zones[each.value.zone].discovery
  }
}
