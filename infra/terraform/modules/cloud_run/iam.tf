resource "google_cloud_run_v2_service_iam_member" "member" {
  for_each = local.service_iam

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.service[each.value.service].name
  role     = each.value.role
  member   = each.value.member
}

resource "google_cloud_run_v2_job_iam_member" "member" {
  for_each = local.job_iam

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.job[each.value.job].name
  role     = each.value.role
  member   = each.value.member
}
