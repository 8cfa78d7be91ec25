resource "google_project_iam_member" "account" {
  for_each = local.account_roles

  # checkov:skip=CKV_GCP_42:It takes every role named "editor" for an administrator's; our own policy "admin-role" does not.
  # checkov:skip=CKV_GCP_49:Who starts builds may choose their account only among those that it may act as.
  project = var.project_id
  role    = each.value.role
  member  = google_service_account.account[each.value.account].member
}

resource "google_project_iam_member" "custom" {
  for_each = local.account_custom_roles

  project = var.project_id
  role    = "projects/${var.project_id}/roles/${google_project_iam_custom_role.role[each.value.role].role_id}"
  member  = google_service_account.account[each.value.account].member
}

resource "google_project_iam_member" "member" {
  for_each = local.project_iam

  project = var.project_id
  role    = each.value.role
  member  = each.value.member
}

resource "google_service_account_iam_member" "act_as" {
  for_each = local.act_as

  service_account_id = google_service_account.account[each.value.account].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.account[each.value.actor].member
}

resource "google_service_account_iam_member" "member" {
  for_each = local.account_iam

  service_account_id = google_service_account.account[each.value.account].name
  role               = each.value.role
  member             = each.value.member
}

# All tokens that get past the provider's condition are of this repository; it is named again all the same, so that
# a second provider in the pool would not widen what this one may do.
resource "google_service_account_iam_member" "github" {
  for_each = var.github == null ? toset([]) : var.github.accounts

  service_account_id = google_service_account.account[each.value].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github["github"].name}/attribute.repository_id/${var.github.repository_id}"

  depends_on = [google_iam_workload_identity_pool_provider.github]
}
