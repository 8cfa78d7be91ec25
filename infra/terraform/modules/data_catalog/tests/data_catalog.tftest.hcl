variables {
  project_id     = "telecom-test-1"
  project_number = "123456789012"
  region         = "us-central1"
  env            = "dev"
  labels         = { app = "telecom-ml-llmops" }
  iam            = { "roles/datacatalog.categoryFineGrainedReader" = { mlops = "serviceAccount:telecom-mlops-dev@telecom-test-1.iam.gserviceaccount.com" } }
  masking_iam    = { "roles/bigquerydatapolicy.maskedReader" = { analysts = "group:analysts@example.com" } }
  table_ids = {
    "telecom_bronze.crm_customers"    = "projects/telecom-test-1/datasets/telecom_bronze/tables/crm_customers"
    "telecom_gold.telco_churn_scored" = "projects/telecom-test-1/datasets/telecom_gold/tables/telco_churn_scored"
  }
}

run "classes_readers_masks_aspects" {
  command = plan

  assert {
    condition     = google_data_catalog_taxonomy.pii.activated_policy_types == tolist(["FINE_GRAINED_ACCESS_CONTROL"])
    error_message = "Without fine-grained control policy tags only decorate."
  }
  assert {
    condition     = keys(google_data_catalog_policy_tag.pii) == ["contact", "government_id", "identifier", "quasi_identifier"]
    error_message = "The policy tags are not the contracts' classes."
  }
  assert {
    condition     = toset(distinct(flatten([for file in fileset("../../../../data/schemas", "*.yaml") : [for column in yamldecode(file("../../../../data/schemas/${file}")).columns : column.pii if can(column.pii)]]))) == toset(keys(google_data_catalog_policy_tag.pii))
    error_message = "A contract names a class that has no policy tag, or a policy tag has no column."
  }
  assert {
    condition     = { for class, policy in google_bigquery_datapolicy_data_policy.mask : class => policy.data_masking_policy[0].predefined_expression } == { contact = "ALWAYS_NULL", government_id = "ALWAYS_NULL", identifier = "SHA256", quasi_identifier = "ALWAYS_NULL" }
    error_message = "Only identifiers may be hashed; the rest is NULL to masked readers."
  }
  assert {
    condition     = alltrue([for class in keys(var.pii_classes) : google_data_catalog_policy_tag_iam_member.reader["${class}/roles/datacatalog.categoryFineGrainedReader/mlops"].member == "serviceAccount:telecom-mlops-dev@telecom-test-1.iam.gserviceaccount.com"])
    error_message = "The jobs read every class."
  }
  assert {
    condition     = length(google_data_catalog_policy_tag_iam_member.reader) == 4 && length(google_bigquery_datapolicy_data_policy_iam_member.masked_reader) == 4
    error_message = "Somebody else reads."
  }
  assert {
    condition     = keys(google_dataplex_aspect_type.this) == ["domain", "quality", "sensitivity"]
    error_message = "The aspect types are others."
  }
  assert {
    condition     = [for value in jsondecode(google_dataplex_aspect_type.this["sensitivity"].metadata_template).recordFields[0].enumValues : value.name] == ["internal", "confidential", "restricted"] && !can(jsondecode(google_dataplex_aspect_type.this["sensitivity"].metadata_template).recordFields[1].enumValues)
    error_message = "Sensitivity is one of three, the classes are free text."
  }
  assert {
    condition     = google_dataplex_entry.table["telecom_bronze.crm_customers"].entry_id == "bigquery.googleapis.com/projects/telecom-test-1/datasets/telecom_bronze/tables/crm_customers" && google_dataplex_entry.table["telecom_bronze.crm_customers"].project == "123456789012"
    error_message = "The entry is not BigQuery's own of that table."
  }
  assert {
    condition     = jsondecode(google_dataplex_entry.table["telecom_bronze.crm_customers"].aspects[2].aspect[0].data) == { sensitivity = "restricted", pii_classes = "contact, government_id, identifier, quasi_identifier" }
    error_message = "The sensitivity of crm_customers is not its contract's."
  }
  assert {
    condition     = jsondecode(google_dataplex_entry.table["telecom_gold.telco_churn_scored"].aspects[0].aspect[0].data) == { domain = "customer", layer = "gold" } && google_dataplex_entry.table["telecom_gold.telco_churn_scored"].aspects[0].aspect_key == "123456789012.us-central1.telecom-domain"
    error_message = "The domain of telco_churn_scored is not its contract's."
  }
  assert {
    condition     = jsondecode(google_dataplex_entry.table["telecom_gold.telco_churn_scored"].aspects[1].aspect[0].data).owner == "churn-ml" && jsondecode(google_dataplex_entry.table["telecom_gold.telco_churn_scored"].aspects[1].aspect[0].data).freshness_hours == 24
    error_message = "Owner and freshness of telco_churn_scored are not its contract's."
  }
}

run "a_class_that_nobody_sees_masked" {
  command = plan

  variables {
    env = "prod"
    pii_classes = {
      quasi_identifier = { description = "q", masking = "DEFAULT_MASKING_VALUE" }
      identifier       = { description = "i", masking = "SHA256", iam = { "roles/datacatalog.categoryFineGrainedReader" = { desk = "group:desk@example.com" } } }
      contact          = { description = "c", masking = "ALWAYS_NULL" }
      government_id    = { description = "g" }
    }
    table_ids = {}
  }

  assert {
    condition     = !contains(keys(google_bigquery_datapolicy_data_policy.mask), "government_id") && length(google_bigquery_datapolicy_data_policy_iam_member.masked_reader) == 3
    error_message = "government_id has a mask though it was given none."
  }
  assert {
    condition     = google_data_catalog_policy_tag_iam_member.reader["identifier/roles/datacatalog.categoryFineGrainedReader/desk"].member == "group:desk@example.com"
    error_message = "A binding of one class is missing."
  }
  assert {
    condition     = length(google_dataplex_entry.table) == 0
    error_message = "Without tables there are no entries."
  }
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    project_number = "telecom"
    iam            = { "roles/datacatalog.admin" = { all = "allUsers" } }
    masking_iam    = { "roles/bigquery.admin" = { one = "group:a@example.com" } }
    pii_classes    = { identifier = { description = "i", masking = "UPPER" } }
  }

  expect_failures = [var.project_number, var.iam, var.masking_iam, var.pii_classes]
}

run "refuses_hashes_of_what_can_be_guessed" {
  command = plan

  variables {
    pii_classes = {
      quasi_identifier = { description = "q" }
      identifier       = { description = "i", masking = "SHA256" }
      contact          = { description = "c" }
      government_id    = { description = "g", masking = "SHA256" }
    }
  }

  expect_failures = [var.pii_classes]
}

run "refuses_a_table_without_a_contract" {
  command = plan

  variables {
    table_ids = { "telecom_gold.unknown" = "projects/telecom-test-1/datasets/telecom_gold/tables/unknown" }
  }

  expect_failures = [google_dataplex_aspect_type.this]
}
