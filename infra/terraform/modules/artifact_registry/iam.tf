resource "google_artifact_registry_repository_iam_member" "member" {
  for_each = local.iam

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.repository[each.value.repository].name
  role       = each.value.role
  member     = each.value.member
}
