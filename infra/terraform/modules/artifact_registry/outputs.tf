output "ids" {
  description = "Repository => projects/…/locations/…/repositories/…."
  value       = { for id, repository in google_artifact_registry_repository.repository : id => repository.id }
  depends_on  = [google_artifact_registry_repository_iam_member.member]
}

output "urls" {
  description = "Repository => what images begin with, <region>-docker.pkg.dev/<project>/<repository>."
  value       = { for id, repository in google_artifact_registry_repository.repository : id => "${var.region}-docker.pkg.dev/${var.project_id}/${repository.repository_id}" }
  depends_on  = [google_artifact_registry_repository_iam_member.member]
}
