output "data_stores" {
  description = "Ids of the data stores by short name; wait for their schemas, so that imports find the fields."
  value       = { for name, store in google_discovery_engine_data_store.this : name => store.data_store_id }
  depends_on  = [google_discovery_engine_schema.faq]
}

output "branches" {
  description = "Parents of the documents of each data store, for imports."
  value       = { for name, store in google_discovery_engine_data_store.this : name => "projects/${var.project_id}/locations/${var.location}/collections/default_collection/dataStores/${store.data_store_id}/branches/default_branch" }
  depends_on  = [google_discovery_engine_schema.faq]
}

output "engine" {
  description = "Id of the search engine; empty without one."
  value       = try(google_discovery_engine_search_engine.this["engine"].engine_id, "")
}

output "serving_config" {
  description = "Serving config that searches all data stores; empty without an engine."
  value       = try("projects/${var.project_id}/locations/${var.location}/collections/default_collection/engines/${google_discovery_engine_search_engine.this["engine"].engine_id}/servingConfigs/default_config", "")
}
