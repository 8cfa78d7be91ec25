variables {
  project_id = "telecom-test-1"
  region     = "us-central1"
  env        = "dev"
  labels     = { team = "churn" }
}

run "registry_only" {
  command = plan

  assert {
    condition     = google_vertex_ai_feature_group.this[0].name == "telco_churn" && google_vertex_ai_feature_group.this[0].big_query[0].big_query_source[0].input_uri == "bq://telecom-test-1.telecom_gold.telco_churn_features" && google_vertex_ai_feature_group.this[0].big_query[0].entity_id_columns == tolist(["customer_id"])
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
  }

  assert {
    condition     = google_vertex_ai_feature_group.this[0].big_query[0].big_query_source[0].input_uri == "bq://telecom-test-1.telecom_gold.telco_churn_features"
    error_message = "The source of the group is not the table of the id."
  }
  assert {
    condition     = google_vertex_ai_feature_online_store.this[0].bigtable[0].auto_scaling[0].min_node_count == 1 && google_vertex_ai_feature_online_store.this[0].bigtable[0].auto_scaling[0].max_node_count == 2 && google_vertex_ai_feature_online_store.this[0].bigtable[0].auto_scaling[0].cpu_utilization_target == 60 && google_vertex_ai_feature_online_store.this[0].force_destroy == false
    error_message = "The online store is not as the code would make it, or would be destroyed with its views."
  }
  assert {
    condition     = google_vertex_ai_feature_online_store_featureview.this["latest"].sync_config[0].cron == "TZ=UTC 0 6 * * *" && google_vertex_ai_feature_online_store_featureview.this["latest"].big_query_source[0].uri == "bq://telecom-test-1.telecom_gold.telco_churn_features_score_input"
    error_message = "The view is not synced on a schedule from its source."
  }
  assert {
    condition     = google_vertex_ai_endpoint.this[0].name == "820000001" && google_vertex_ai_endpoint.this[0].display_name == "telecom-prod" && google_vertex_ai_endpoint.this[0].encryption_spec[0].kms_key_name == var.kms_key_name
    error_message = "The endpoint is not the one that the code asks for."
  }
}

run "the_code_registers_by_itself" {
  command = plan

  variables {
    feature_group = null
  }

  assert {
    condition     = length(google_vertex_ai_feature_group.this) == 0 && length(google_vertex_ai_feature_group_feature.this) == 0 && output.feature_group == null
    error_message = "A registry was made though none was wanted."
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
  }

  expect_failures = [var.force_destroy, var.endpoint, var.online_store, var.feature_group]
}

run "refuses_a_number_that_settings_refuse" {
  command = plan

  variables {
    endpoint = { number = "1234567890" }
  }

  expect_failures = [var.endpoint]
}

run "refuses_a_table_without_time_and_features" {
  command = plan

  variables {
    feature_group = { table = "telecom_monitoring.llm_usage" }
  }

  expect_failures = [google_vertex_ai_feature_group.this]
}
