# Who reads tagged columns, and who reads them masked. Whoever has neither cannot read them at all.

locals {
  readers = merge(flatten([
    for class, value in var.pii_classes : [
      for bindings in [var.iam, value.iam] : [
        for role, members in bindings : {
          for key, member in members : "${class}/${role}/${key}" => { class = class, role = role, member = member }
        }
      ]
    ]
  ])...)

  masked_readers = merge(flatten([
    for class, value in local.masked : [
      for bindings in [var.masking_iam, value.masking_iam] : [
        for role, members in bindings : {
          for key, member in members : "${class}/${role}/${key}" => { class = class, role = role, member = member }
        }
      ]
    ]
  ])...)
}

resource "google_data_catalog_policy_tag_iam_member" "reader" {
  for_each = local.readers

  policy_tag = google_data_catalog_policy_tag.pii[each.value.class].name
  role       = each.value.role
  member     = each.value.member
}

resource "google_bigquery_datapolicy_data_policy_iam_member" "masked_reader" {
  for_each = local.masked_readers

  project        = var.project_id
  location       = var.region
  data_policy_id = google_bigquery_datapolicy_data_policy.mask[each.value.class].data_policy_id
  role           = each.value.role
  member         = each.value.member
}
