locals {
  bindings = merge([
    for role, members in var.iam : { for key, member in members : "${role}/${key}" => { role = role, member = member } }
  ]...)
}

resource "google_dataplex_lake_iam_member" "this" {
  for_each = local.bindings

  project  = var.project_id
  location = var.region
  lake     = google_dataplex_lake.this.name
  role     = each.value.role
  member   = each.value.member
}
