output "emails" {
  description = "Short name => e-mail of the account, once what it may do is bound."
  value       = { for key, account in google_service_account.account : key => account.email }
  depends_on  = [google_project_iam_member.account, google_project_iam_member.custom, google_service_account_iam_member.act_as]
}

output "members" {
  description = "Short name => serviceAccount:e-mail, as iam variables take it, once what it may do is bound."
  value       = { for key, account in google_service_account.account : key => account.member }
  depends_on  = [google_project_iam_member.account, google_project_iam_member.custom, google_service_account_iam_member.act_as]
}

output "names" {
  description = "Short name => projects/…/serviceAccounts/…."
  value       = { for key, account in google_service_account.account : key => account.name }
}

output "custom_roles" {
  description = "Short name => projects/…/roles/…."
  value       = { for key, role in google_project_iam_custom_role.role : key => "projects/${var.project_id}/roles/${role.role_id}" }
}

output "workload_identity_provider" {
  description = "What google-github-actions/auth takes as workload_identity_provider; null without github."
  value       = one(values(google_iam_workload_identity_pool_provider.github)[*].name)
  depends_on  = [google_service_account_iam_member.github]
}

output "attribute_condition" {
  description = "The condition that a GitHub token must meet; null without github."
  value       = one(values(google_iam_workload_identity_pool_provider.github)[*].attribute_condition)
}
