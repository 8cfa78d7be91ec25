# Bindings of the datasets, each a separate one that adds to what is there. They are access entries and not
# google_bigquery_dataset_iam_member: that resource rewrites the whole list and loses the authorised views in it.

locals {
  bindings = merge(flatten([
    for dataset, value in var.datasets : [
      for role, members in value.iam : {
        for key, member in members : "${dataset}/${role}/${key}" => { dataset = dataset, role = role, member = member }
      }
    ]
  ])...)

  table_bindings = merge(flatten([
    for table, value in var.tables : [
      for role, members in value.iam : {
        for key, member in members : "${table}/${role}/${key}" => { table = table, role = role, member = member }
      }
    ]
  ])...)

  # The API answers with these older names whatever it was told; other roles keep theirs.
  access_roles = {
    "roles/bigquery.dataViewer" = "READER"
    "roles/bigquery.dataEditor" = "WRITER"
  }
}

resource "google_bigquery_dataset_access" "member" {
  for_each = local.bindings

  project        = var.project_id
  dataset_id     = google_bigquery_dataset.this[each.value.dataset].dataset_id
  role           = lookup(local.access_roles, each.value.role, each.value.role)
  user_by_email  = can(regex("^(user|serviceAccount):", each.value.member)) ? split(":", each.value.member)[1] : null
  group_by_email = startswith(each.value.member, "group:") ? split(":", each.value.member)[1] : null
  iam_member     = can(regex("^(user|serviceAccount|group):", each.value.member)) ? null : each.value.member
}

# A table has a policy of its own, which holds no views, so that these are bindings like everywhere else.
resource "google_bigquery_table_iam_member" "member" {
  for_each = local.table_bindings

  project    = var.project_id
  dataset_id = google_bigquery_table.this[each.value.table].dataset_id
  table_id   = google_bigquery_table.this[each.value.table].table_id
  role       = each.value.role
  member     = each.value.member
}
