output "services" {
  description = "Service => its address, for callers and tokens' audiences."
  value       = module.cloud_run.urls
}

output "repositories" {
  description = "Repository => what images begin with."
  value       = module.artifact_registry.urls
}

output "buckets" {
  description = "Layer => name of its bucket."
  value       = module.gcs.names
}

output "service_accounts" {
  description = "Short name => e-mail of the account."
  value       = module.iam.emails
}

output "workload_identity_provider" {
  description = "What google-github-actions/auth takes as workload_identity_provider."
  value       = module.iam.workload_identity_provider
}

output "search_serving_config" {
  description = "What the assistant searches with."
  value       = module.discovery_engine.serving_config
}

output "dead_letters" {
  description = "Topic => subscription that keeps what could not be delivered."
  value       = module.scheduler_pubsub.dead_letter_subscriptions
}
