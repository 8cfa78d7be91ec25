# Classes of personal data as policy tags, with masks; and what the contracts say of a table as aspects of its entry in
# the catalogue. Data Catalog's own templates and tags are gone; taxonomies and policy tags are what is left of it.

locals {
  schemas_path = coalesce(var.schemas_path, "${path.module}/../../../../data/schemas")
  decoded      = [for name in fileset(local.schemas_path, "*.yaml") : yamldecode(file("${local.schemas_path}/${name}"))]
  contracts    = { for contract in local.decoded : contract.table => contract }
  masked       = { for name, class in var.pii_classes : name => class if class.masking != null }
}

resource "google_data_catalog_taxonomy" "pii" {
  project                = var.project_id
  region                 = var.region
  display_name           = "telecom-${var.env}"
  description            = "Classes of personal data, as the table contracts name them."
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
}

resource "google_data_catalog_policy_tag" "pii" {
  for_each = var.pii_classes

  taxonomy     = google_data_catalog_taxonomy.pii.id
  display_name = each.key
  description  = each.value.description
}

resource "google_bigquery_datapolicy_data_policy" "mask" {
  for_each = local.masked

  project          = var.project_id
  location         = var.region
  data_policy_id   = "telecom_${var.env}_${each.key}"
  policy_tag       = google_data_catalog_policy_tag.pii[each.key].name
  data_policy_type = "DATA_MASKING_POLICY"

  data_masking_policy {
    predefined_expression = each.value.masking
  }
}
