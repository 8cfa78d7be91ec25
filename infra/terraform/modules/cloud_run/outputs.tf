output "services" {
  description = "Service => { id, name, uri } as Cloud Run gives them, once who may call is bound."
  value = {
    for name, service in google_cloud_run_v2_service.service : name => {
      id   = service.id
      name = service.name
      uri  = service.uri
    }
  }
  depends_on = [google_cloud_run_v2_service_iam_member.member]
}

output "urls" {
  description = "Service => https://<name>-<project number>.<region>.run.app, the address that is known beforehand: for tokens' audiences and Pub/Sub. Empty without project_number."
  value       = local.urls
  depends_on  = [google_cloud_run_v2_service.service, google_cloud_run_v2_service_iam_member.member]
}

output "jobs" {
  description = "Job => { id, name }, once who may run it is bound."
  value       = { for name, job in google_cloud_run_v2_job.job : name => { id = job.id, name = job.name } }
  depends_on  = [google_cloud_run_v2_job_iam_member.member]
}
