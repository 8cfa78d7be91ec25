# Views for analysts. Each may read its source datasets in the place of whoever queries it; no tagged column is read,
# so that an analyst needs neither the datasets nor a policy tag.

locals {
  views = {
    scored_customers = {
      description = "Churn risk of every scored customer, without who it is."
      sources     = ["telecom_gold"]
    }
    retention_queue = {
      description = "The newest snapshot's customers by expected loss, without who they are."
      sources     = ["telecom_gold"]
    }
    feature_drift = {
      description = "How each feature of each snapshot differs from the training data."
      sources     = ["telecom_monitoring"]
    }
    model_history = {
      description = "Figures of every evaluated model on all test customers, newest first."
      sources     = ["telecom_monitoring"]
    }
  }
  analytics = contains(keys(var.datasets), "telecom_analytics") ? local.views : {}

  authorisations = merge([
    for name, view in local.analytics : { for source in view.sources : "${name}/${source}" => { view = name, source = source } }
  ]...)
}

resource "google_bigquery_table" "view" {
  for_each = local.analytics

  # checkov:skip=CKV_GCP_80:A view stores nothing that could be encrypted.
  # checkov:skip=CKV_GCP_121:A view of dev may be thrown away; in prod our own policy "destroyable" refuses that.
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this["telecom_analytics"].dataset_id
  table_id            = each.key
  description         = each.value.description
  deletion_protection = var.deletion_protection
  labels              = merge(var.labels, { env = var.env })

  view {
    query          = templatefile("${path.module}/views/${each.key}.sql", { project = var.project_id })
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.this]
}

resource "google_bigquery_dataset_access" "view" {
  for_each = local.authorisations

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this[each.value.source].dataset_id

  view {
    project_id = var.project_id
    dataset_id = google_bigquery_table.view[each.value.view].dataset_id
    table_id   = google_bigquery_table.view[each.value.view].table_id
  }
}
