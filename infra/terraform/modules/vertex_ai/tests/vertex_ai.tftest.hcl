variables {
  project_id = "telecom-test-1"
  region     = "us-central1"
  env        = "dev"
  labels     = { team = "churn" }
}

run "registry_only" {
  command = plan

  assert {
    condition     = google_vertex_ai_feature_group.this["group"].name == "telco_churn" && google_vertex_ai_feature_group.this["group"].big_query[0].big_query_source[0].input_uri == "bq://telecom-test-1.telecom_gold.telco_churn_features" && google_vertex_ai_feature_group.this["group"].big_query[0].entity_id_columns == tolist(["customer_id"])
    error_message = "The group is not the one that the code registers; the code would delete it and make its own."
  }
  assert {
    condition     = output.features == [for column in yamldecode(file("../../../../data/schemas/telco_churn_features.yaml")).columns : column.name if try(column.feature, false)]
    error_message = "The features are not the model's inputs, in its order."
  }
  assert {
    condition     = alltrue([for position, name in output.features : google_vertex_ai_feature_group_feature.this[name].labels == tomap({ app = "telecom-ml-llmops", env = "dev", position = tostring(position) })])
    error_message = "A feature has other labels than the code gives it; the two would rewrite each other."
  }
  assert {
    condition     = length(google_vertex_ai_feature_online_store.this) == 0 && length(google_vertex_ai_endpoint.this) == 0 && output.online_store == "" && output.endpoint == ""
    error_message = "What is billed by the hour is there though nobody asked."
  }
  assert {
    condition     = length(google_model_armor_template.this) == 0 && output.armor_template == ""
    error_message = "There is a Model Armor template though nobody asked."
  }
}

run "all_of_it" {
  command = plan

  variables {
    env           = "prod"
    table_ids     = { "telecom_gold.telco_churn_features" = "projects/telecom-test-1/datasets/telecom_gold/tables/telco_churn_features" }
    online_store  = { name = "telecom_prod", feature_views = { latest = { source = "telecom_gold.telco_churn_features_score_input" } } }
    endpoint      = { number = "820000001" }
    kms_key_name  = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    feature_group = {}
    armor         = { harm = { HARASSMENT = "HIGH" } }
  }

  assert {
    condition     = google_vertex_ai_feature_group.this["group"].big_query[0].big_query_source[0].input_uri == "bq://telecom-test-1.telecom_gold.telco_churn_features"
    error_message = "The source of the group is not the table of the id."
  }
  assert {
    condition     = google_vertex_ai_feature_online_store.this["store"].bigtable[0].auto_scaling[0].min_node_count == 1 && google_vertex_ai_feature_online_store.this["store"].bigtable[0].auto_scaling[0].max_node_count == 2 && google_vertex_ai_feature_online_store.this["store"].bigtable[0].auto_scaling[0].cpu_utilization_target == 60 && google_vertex_ai_feature_online_store.this["store"].force_destroy == false
    error_message = "The online store is not as the code would make it, or would be destroyed with its views."
  }
  assert {
    condition     = google_vertex_ai_feature_online_store_featureview.this["latest"].sync_config[0].cron == "TZ=UTC 0 6 * * *" && google_vertex_ai_feature_online_store_featureview.this["latest"].big_query_source[0].uri == "bq://telecom-test-1.telecom_gold.telco_churn_features_score_input"
    error_message = "The view is not synced on a schedule from its source."
  }
  assert {
    condition     = google_vertex_ai_endpoint.this["endpoint"].name == "820000001" && google_vertex_ai_endpoint.this["endpoint"].display_name == "telecom-prod" && google_vertex_ai_endpoint.this["endpoint"].encryption_spec[0].kms_key_name == var.kms_key_name
    error_message = "The endpoint is not the one that the code asks for."
  }
  assert {
    condition     = google_model_armor_template.this["template"].filter_config[0].pi_and_jailbreak_filter_settings[0].filter_enforcement == "ENABLED" && google_model_armor_template.this["template"].filter_config[0].pi_and_jailbreak_filter_settings[0].confidence_level == "LOW_AND_ABOVE"
    error_message = "Prod holds back hidden orders from low confidence on."
  }
  assert {
    condition     = google_model_armor_template.this["template"].filter_config[0].malicious_uri_filter_settings[0].filter_enforcement == "ENABLED" && google_model_armor_template.this["template"].filter_config[0].sdp_settings[0].basic_config[0].filter_enforcement == "ENABLED"
    error_message = "Malicious links and sensitive data are looked for."
  }
  assert {
    condition     = google_model_armor_template.this["template"].template_metadata[0].multi_language_detection[0].enable_multi_language_detection && !google_model_armor_template.this["template"].template_metadata[0].log_sanitize_operations && !google_model_armor_template.this["template"].template_metadata[0].ignore_partial_invocation_failures
    error_message = "Portuguese is read, nobody's words are logged, and a filter that fails is not passed over."
  }
  assert {
    condition     = { for filter in google_model_armor_template.this["template"].filter_config[0].rai_settings[0].rai_filters : filter.filter_type => filter.confidence_level } == { HARASSMENT = "HIGH" }
    error_message = "Harmful content is looked for as it was asked."
  }
  assert {
    condition     = output.armor_template == "projects/telecom-test-1/locations/us-central1/templates/telecom-assistant-prod"
    error_message = "The name is ${output.armor_template}, which the assistant's setting does not take."
  }
}

run "the_code_registers_by_itself" {
  command = plan

  variables {
    feature_group = null
    armor         = {}
  }

  assert {
    condition     = length(google_vertex_ai_feature_group.this) == 0 && length(google_vertex_ai_feature_group_feature.this) == 0 && output.feature_group == null
    error_message = "A registry was made though none was wanted."
  }
  assert {
    condition     = google_model_armor_template.this["template"].filter_config[0].pi_and_jailbreak_filter_settings[0].confidence_level == "MEDIUM_AND_ABOVE" && length(google_model_armor_template.this["template"].filter_config[0].rai_settings) == 0
    error_message = "Dev holds back less than prod, and only what was asked for."
  }
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    env           = "prod"
    force_destroy = true
    endpoint      = { number = "0123" }
    online_store  = { name = "Telecom", max_node_count = 0, cpu_utilization_target = 95, feature_views = { telco_churn_20261120_1 = { source = "a.b" } } }
    feature_group = { table = "telco_churn_features" }
    armor         = { injection_confidence = "HIGH" }
  }

  expect_failures = [var.force_destroy, var.endpoint, var.online_store, var.feature_group, var.armor]
}

run "refuses_what_settings_and_services_refuse" {
  command = plan

  variables {
    endpoint = { number = "1234567890" }
    armor    = { name = "Armor", injection_confidence = "SOME", harm = { RUDENESS = "HIGH" } }
  }

  expect_failures = [var.endpoint, var.armor]
}

run "refuses_a_table_without_time_and_features" {
  command = plan

  variables {
    feature_group = { table = "telecom_monitoring.llm_usage" }
  }

  expect_failures = [google_vertex_ai_feature_group.this]
}
