output "feature_group" {
  description = "Id of the feature group; null without one."
  value       = one(values(google_vertex_ai_feature_group.this)[*].id)
}

output "features" {
  description = "Names of the registered features, in the model's order."
  value       = [for column in local.features : column.name]
  depends_on  = [google_vertex_ai_feature_group_feature.this]
}

output "online_store" {
  description = "Name of the online store, for TELECOM_ONLINE_STORE; empty without one."
  value       = try(google_vertex_ai_feature_online_store.this["store"].name, "")
}

output "feature_views" {
  description = "Ids of the feature views that Terraform made, by name."
  value       = { for name, view in google_vertex_ai_feature_online_store_featureview.this : name => view.id }
}

output "endpoint" {
  description = "Number of the endpoint, for TELECOM_ENDPOINT; empty without one."
  value       = try(google_vertex_ai_endpoint.this["endpoint"].name, "")
}

output "endpoint_id" {
  description = "Full id of the endpoint; null without one."
  value       = one(values(google_vertex_ai_endpoint.this)[*].id)
}

output "armor_template" {
  description = "Name of the Model Armor template (projects/…/locations/…/templates/…), for TELECOM_ASSISTANT_ARMOR_TEMPLATE; empty without one."
  value       = try("projects/${var.project_id}/locations/${var.region}/templates/${google_model_armor_template.this["template"].template_id}", "")
}
