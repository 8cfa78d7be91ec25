output "project_id" {
  description = "The project, once its APIs are on."
  value       = var.project_id
  depends_on  = [google_project_service.service]
}

output "number" {
  description = "The project's number."
  value       = data.google_project.project.number
}

output "service_agents" {
  description = "Google's own accounts of this project as members, by short name: aiplatform, artifactregistry, bigquery_encryption, cloudscheduler, dataplex, discoveryengine, firestore, iap, monitoring_notification, pubsub, run, secretmanager, storage. Known once the APIs are on; some exist only after first use (README)."
  value       = local.service_agents
  depends_on  = [google_project_service.service]
}

output "kms_key" {
  description = "The key, once Google's accounts may use it; null without one. Modules take it from here, so that they wait."
  value       = var.kms_key
  depends_on  = [google_kms_crypto_key_iam_member.agent]
}

output "budget" {
  description = "Resource name of the budget; null without one."
  value       = one(values(google_billing_budget.budget)[*].name)
}
