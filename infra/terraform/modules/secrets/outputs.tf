output "ids" {
  description = "Name => projects/…/secrets/…, once who may read it is bound."
  value       = { for name, secret in google_secret_manager_secret.secret : name => secret.id }
  depends_on  = [google_secret_manager_secret_iam_member.member, google_secret_manager_secret_version.version]
}

output "names" {
  description = "Name => name, as the module cloud_run takes it in secrets and secret_files: a service that refers to it waits for the bindings."
  value       = { for name, secret in google_secret_manager_secret.secret : name => secret.secret_id }
  depends_on  = [google_secret_manager_secret_iam_member.member, google_secret_manager_secret_version.version]
}
