resource "google_secret_manager_secret_iam_member" "member" {
  for_each = local.iam

  project   = var.project_id
  secret_id = google_secret_manager_secret.secret[each.value.secret].secret_id
  role      = each.value.role
  member    = each.value.member
}
