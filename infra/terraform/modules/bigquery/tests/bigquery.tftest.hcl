variables {
  project_id = "telecom-test-1"
  region     = "us-central1"
  env        = "dev"
  labels     = { app = "telecom-ml-llmops" }
  policy_tags = {
    quasi_identifier = "projects/1/locations/us-central1/taxonomies/1/policyTags/1"
    identifier       = "projects/1/locations/us-central1/taxonomies/1/policyTags/2"
    contact          = "projects/1/locations/us-central1/taxonomies/1/policyTags/3"
    government_id    = "projects/1/locations/us-central1/taxonomies/1/policyTags/4"
  }
}

# One plan, many questions: a run costs two seconds.
run "dev" {
  command = plan

  variables {
    datasets = {
      telecom_bronze     = {}
      telecom_silver     = {}
      telecom_gold       = { iam = { "roles/bigquery.dataEditor" = { mlops = "serviceAccount:telecom-mlops-dev@telecom-test-1.iam.gserviceaccount.com" } } }
      telecom_monitoring = {}
      telecom_staging    = { table_expiration_hours = 72 }
      telecom_analytics  = { iam = { "roles/bigquery.dataViewer" = { analysts = "group:analysts@example.com" } } }
    }
    tables = {
      "telecom_gold.retention_actions" = { iam = { "roles/bigquery.dataEditor" = { llmops = "serviceAccount:telecom-llmops-dev@telecom-test-1.iam.gserviceaccount.com" } } }
    }
  }

  assert {
    condition     = toset(keys(google_bigquery_table.this)) == toset([for file in fileset("../../../../data/schemas", "*.yaml") : yamldecode(file("../../../../data/schemas/${file}")).table])
    error_message = "Tables and contracts differ."
  }
  assert {
    condition     = alltrue([for dataset in google_bigquery_dataset.this : dataset.location == "us-central1" && dataset.delete_contents_on_destroy == false])
    error_message = "A dataset lies elsewhere or would be destroyed with what is in it."
  }
  assert {
    condition     = google_bigquery_dataset.this["telecom_staging"].default_table_expiration_ms == 259200000 && google_bigquery_dataset.this["telecom_gold"].default_table_expiration_ms == null
    error_message = "Tables of telecom_staging expire after 72 hours, those of telecom_gold never."
  }
  assert {
    condition     = google_bigquery_table.this["telecom_gold.telco_churn_scored"].time_partitioning[0].field == "snapshot_date" && google_bigquery_table.this["telecom_gold.telco_churn_scored"].time_partitioning[0].type == "DAY"
    error_message = "telco_churn_scored is partitioned by day of snapshot_date."
  }
  assert {
    condition     = google_bigquery_table.this["telecom_gold.telco_churn_scored"].clustering == tolist(["risk_segment"])
    error_message = "telco_churn_scored is clustered by risk_segment."
  }
  assert {
    condition     = google_bigquery_table.this["telecom_gold.telco_churn_scored"].table_constraints[0].primary_key[0].columns == tolist(["snapshot_date", "customer_id"])
    error_message = "telco_churn_scored has the contract's key."
  }
  assert {
    condition     = length(google_bigquery_table.this["telecom_gold.telco_churn_training"].time_partitioning) == 0
    error_message = "telco_churn_training is replaced whole and has no partitions."
  }
  assert {
    condition = alltrue([
      for contract in [for file in fileset("../../../../data/schemas", "*.yaml") : yamldecode(file("../../../../data/schemas/${file}"))] :
      [for column in contract.columns : [column.name, column.type, try(column.mode, "NULLABLE"), column.description]] ==
      [for column in jsondecode(google_bigquery_table.this[contract.table].schema) : [column.name, column.type, column.mode, column.description]]
    ])
    error_message = "A column differs from its contract in place, name, type, mode or description."
  }
  assert {
    condition     = [for field in jsondecode(google_bigquery_table.this["telecom_gold.telco_churn_scored"].schema)[4].fields : field.name] == ["feature", "value", "contribution"]
    error_message = "The fields of top_reasons are missing."
  }
  assert {
    condition     = google_bigquery_table.this["telecom_bronze.crm_customers"].labels == tomap({ app = "telecom-ml-llmops", env = "dev", owner = "crm", domain = "customer", sensitivity = "restricted" })
    error_message = "Labels tell environment, owner, domain and sensitivity."
  }
  assert {
    condition = alltrue([
      for contract in [for file in fileset("../../../../data/schemas", "*.yaml") : yamldecode(file("../../../../data/schemas/${file}"))] :
      [for column in contract.columns : lookup(var.policy_tags, try(column.pii, "none"), "")] ==
      [for column in jsondecode(google_bigquery_table.this[contract.table].schema) : try(column.policyTags.names[0], "")]
    ])
    error_message = "A column has not the tag of its PII class."
  }
  assert {
    condition     = output.contracts["telecom_bronze.crm_customers"].tagged == { customer_id = "identifier", full_name = "identifier", cpf = "government_id", birth_date = "quasi_identifier", email = "contact", phone = "contact", city = "quasi_identifier" }
    error_message = "crm_customers has other tagged columns than its contract."
  }
  assert {
    condition     = keys(google_bigquery_table.view) == ["feature_drift", "model_history", "retention_queue", "scored_customers"]
    error_message = "The analysts' views are others."
  }
  assert {
    condition     = alltrue([for view in google_bigquery_table.view : !can(regex("customer_id|full_name|cpf|email|phone|\\bvalue\\b.*reason|SELECT \\*", view.view[0].query)) && view.view[0].use_legacy_sql == false])
    error_message = "A view reads who a customer is."
  }
  assert {
    condition     = toset(keys(google_bigquery_dataset_access.view)) == toset(["scored_customers/telecom_gold", "retention_queue/telecom_gold", "feature_drift/telecom_monitoring", "model_history/telecom_monitoring"])
    error_message = "The views may read other datasets than their sources."
  }
  assert {
    condition     = google_bigquery_dataset_access.member["telecom_analytics/roles/bigquery.dataViewer/analysts"].role == "READER" && google_bigquery_dataset_access.member["telecom_analytics/roles/bigquery.dataViewer/analysts"].group_by_email == "analysts@example.com"
    error_message = "Analysts read telecom_analytics."
  }
  assert {
    condition     = google_bigquery_dataset_access.member["telecom_gold/roles/bigquery.dataEditor/mlops"].role == "WRITER" && google_bigquery_dataset_access.member["telecom_gold/roles/bigquery.dataEditor/mlops"].user_by_email == "telecom-mlops-dev@telecom-test-1.iam.gserviceaccount.com"
    error_message = "The jobs write telecom_gold."
  }
  assert {
    condition     = google_bigquery_table_iam_member.member["telecom_gold.retention_actions/roles/bigquery.dataEditor/llmops"].dataset_id == "telecom_gold" && google_bigquery_table_iam_member.member["telecom_gold.retention_actions/roles/bigquery.dataEditor/llmops"].table_id == "retention_actions" && google_bigquery_table_iam_member.member["telecom_gold.retention_actions/roles/bigquery.dataEditor/llmops"].role == "roles/bigquery.dataEditor"
    error_message = "The assistant writes one table of telecom_gold."
  }
  assert {
    condition     = length(google_bigquery_dataset_access.member) == 2 && length(google_bigquery_table_iam_member.member) == 1
    error_message = "Somebody else was let in."
  }
  assert {
    condition     = alltrue([for table in google_bigquery_table.this : table.time_partitioning[0].expiration_ms == 400 * 86400000 if length(table.time_partitioning) > 0])
    error_message = "Partitions expire after 400 days in dev."
  }
}

run "dev_without_tags_with_own_key" {
  command = plan

  variables {
    policy_tags  = {}
    kms_key_name = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
  }

  assert {
    condition     = alltrue([for table in google_bigquery_table.this : !strcontains(table.schema, "policyTags")])
    error_message = "A column is tagged though there are no tags."
  }
  assert {
    condition     = alltrue([for dataset in google_bigquery_dataset.this : dataset.default_encryption_configuration[0].kms_key_name == var.kms_key_name])
    error_message = "A dataset is not encrypted with the key."
  }
}

run "prod_keeps_and_protects" {
  command = plan

  variables {
    env = "prod"
  }

  assert {
    condition     = alltrue([for table in google_bigquery_table.this : try(table.time_partitioning[0].expiration_ms, null) == null && table.deletion_protection])
    error_message = "In prod no partition expires and no table may be deleted."
  }
  assert {
    condition     = alltrue([for view in google_bigquery_table.view : view.deletion_protection])
    error_message = "In prod no view may be deleted."
  }
}

run "prod_refuses_untagged_unprotected_forced" {
  command = plan

  variables {
    env                 = "prod"
    policy_tags         = {}
    deletion_protection = false
    force_destroy       = true
  }

  expect_failures = [var.policy_tags, var.deletion_protection, var.force_destroy]
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    project_id          = "Telecom"
    region              = "brazil"
    dev_expiration_days = 7
    kms_key_name        = "key"
    labels              = { "Team" = "A" }
    policy_tags         = { secret = "x" }
    datasets            = { telecom_gold = { iam = { "roles/bigquery.admin" = { everybody = "allUsers" } } } }
    tables              = { retention_actions = { iam = { "roles/bigquery.dataOwner" = { everybody = "allUsers" } } } }
  }

  expect_failures = [var.project_id, var.region, var.dev_expiration_days, var.kms_key_name, var.labels, var.policy_tags, var.datasets, var.tables]
}

run "refuses_another_environment" {
  command = plan

  variables {
    env = "test"
  }

  expect_failures = [var.env]
}

run "refuses_staging_that_never_expires" {
  command = plan

  variables {
    datasets = { telecom_bronze = {}, telecom_silver = {}, telecom_gold = {}, telecom_monitoring = {}, telecom_staging = {}, telecom_analytics = {} }
  }

  expect_failures = [var.datasets]
}

run "refuses_a_contract_without_its_dataset" {
  command = plan

  variables {
    datasets = { telecom_bronze = {}, telecom_silver = {}, telecom_gold = {}, telecom_staging = { table_expiration_hours = 24 } }
    tables   = { "telecom_gold.no_such_table" = {} }
  }

  expect_failures = [google_bigquery_dataset.this]
}

run "refuses_a_folder_without_contracts" {
  command = plan

  variables {
    schemas_path = "../../../../docs"
  }

  expect_failures = [google_bigquery_dataset.this]
}
