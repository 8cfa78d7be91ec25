variables {
  project_id = "telecom-test-1"
  env        = "dev"
}

run "documents_faq_engine" {
  command = plan

  assert {
    condition     = { for name, store in google_discovery_engine_data_store.this : name => store.data_store_id } == { docs = "telecom-docs-dev", faq = "telecom-faq-dev" }
    error_message = "The data stores are others."
  }
  assert {
    condition     = google_discovery_engine_data_store.this["docs"].content_config == "CONTENT_REQUIRED" && google_discovery_engine_data_store.this["docs"].document_processing_config[0].chunking_config[0].layout_based_chunking_config[0].chunk_size == 500 && length(google_discovery_engine_data_store.this["docs"].document_processing_config[0].default_parsing_config[0].layout_parsing_config) == 1
    error_message = "Documents are not parsed by layout and cut into chunks."
  }
  assert {
    condition     = google_discovery_engine_data_store.this["faq"].content_config == "NO_CONTENT" && length(google_discovery_engine_data_store.this["faq"].document_processing_config) == 0 && google_discovery_engine_data_store.this["faq"].skip_default_schema_creation
    error_message = "Questions and answers are fields, not files."
  }
  assert {
    condition     = keys(jsondecode(google_discovery_engine_schema.faq["faq"].json_schema).properties) == ["answer", "category", "question", "source", "valid_from"]
    error_message = "The fields of a question are others."
  }
  assert {
    condition     = google_discovery_engine_search_engine.this["engine"].engine_id == "telecom-dev" && google_discovery_engine_search_engine.this["engine"].data_store_ids == tolist(["telecom-docs-dev", "telecom-faq-dev"]) && google_discovery_engine_search_engine.this["engine"].search_engine_config[0].search_tier == "SEARCH_TIER_ENTERPRISE" && length(google_discovery_engine_search_engine.this["engine"].search_engine_config[0].search_add_ons) == 0
    error_message = "The engine searches something else, or costs more than was asked for."
  }
  assert {
    condition     = output.serving_config == "projects/telecom-test-1/locations/global/collections/default_collection/engines/telecom-dev/servingConfigs/default_config" && output.branches["docs"] == "projects/telecom-test-1/locations/global/collections/default_collection/dataStores/telecom-docs-dev/branches/default_branch"
    error_message = "What the code is told is not where things are."
  }
}

run "data_stores_only" {
  command = plan

  variables {
    env         = "prod"
    location    = "eu"
    engine      = null
    data_stores = { manuals = { kind = "documents", chunk_size = 200 } }
  }

  assert {
    condition     = length(google_discovery_engine_search_engine.this) == 0 && output.engine == "" && output.serving_config == "" && length(google_discovery_engine_schema.faq) == 0
    error_message = "There is an engine or a schema though none was wanted."
  }
  assert {
    condition     = google_discovery_engine_data_store.this["manuals"].data_store_id == "telecom-manuals-prod" && google_discovery_engine_data_store.this["manuals"].location == "eu" && google_discovery_engine_data_store.this["manuals"].document_processing_config[0].chunking_config[0].layout_based_chunking_config[0].chunk_size == 200
    error_message = "The data store of manuals is another."
  }
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    location    = "us-central1"
    data_stores = { docs = { kind = "website", chunk_size = 50 } }
    engine      = { enterprise = false, llm = true }
  }

  expect_failures = [var.location, var.data_stores, var.engine]
}

run "refuses_own_keys_everywhere" {
  command = plan

  variables {
    kms_key_name = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
  }

  expect_failures = [var.kms_key_name]
}

run "refuses_an_engine_over_nothing" {
  command = plan

  variables {
    data_stores = {}
  }

  expect_failures = [google_discovery_engine_search_engine.this]
}
