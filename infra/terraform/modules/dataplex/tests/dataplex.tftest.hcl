variables {
  project_id = "telecom-test-1"
  region     = "us-central1"
  env        = "dev"
  labels     = { app = "telecom-ml-llmops" }
  zones = {
    raw = {
      type     = "RAW"
      buckets  = { bronze = { name = "telecom-test-1-dev-bronze", formats = ["csv", "json"] }, docs = { name = "telecom-test-1-dev-docs", formats = ["pdf", "html"] } }
      datasets = { telecom_bronze = "telecom_bronze" }
    }
    curated = {
      type     = "CURATED"
      buckets  = { silver = { name = "telecom-test-1-dev-silver", formats = ["parquet"] } }
      datasets = { telecom_silver = "telecom_silver" }
    }
    analytics = {
      type     = "CURATED"
      datasets = { telecom_gold = "telecom_gold", telecom_monitoring = "telecom_monitoring" }
    }
  }
  iam = { "roles/dataplex.viewer" = { analysts = "group:analysts@example.com" } }
  table_ids = {
    "telecom_silver.telco_churn_clean"  = "projects/telecom-test-1/datasets/telecom_silver/tables/telco_churn_clean"
    "telecom_monitoring.llm_usage"      = "projects/telecom-test-1/datasets/telecom_monitoring/tables/llm_usage"
    "telecom_gold.telco_churn_training" = "projects/telecom-test-1/datasets/telecom_gold/tables/telco_churn_training"
    "telecom_bronze.telco_churn_raw"    = "projects/telecom-test-1/datasets/telecom_bronze/tables/telco_churn_raw"
  }
  quality = { left_out = ["telecom_bronze.telco_churn_raw"], emails = ["data@example.com"] }
}

run "zones_assets_scans" {
  command = plan

  assert {
    condition     = google_dataplex_lake.this.name == "telecom-dev" && { for name, zone in google_dataplex_zone.this : name => zone.type } == { raw = "RAW", curated = "CURATED", analytics = "CURATED" }
    error_message = "The lake or its zones are others."
  }
  assert {
    condition     = keys(google_dataplex_asset.this) == ["analytics/dataset/telecom_gold", "analytics/dataset/telecom_monitoring", "curated/bucket/silver", "curated/dataset/telecom_silver", "raw/bucket/bronze", "raw/bucket/docs", "raw/dataset/telecom_bronze"]
    error_message = "There is one asset per bucket and dataset."
  }
  assert {
    condition     = google_dataplex_asset.this["raw/bucket/bronze"].resource_spec[0].name == "projects/telecom-test-1/buckets/telecom-test-1-dev-bronze" && google_dataplex_asset.this["raw/bucket/bronze"].resource_spec[0].type == "STORAGE_BUCKET"
    error_message = "The asset of bronze is not its bucket."
  }
  assert {
    condition     = alltrue([for key, asset in google_dataplex_asset.this : asset.discovery_spec[0].enabled == strcontains(key, "/bucket/")])
    error_message = "Only buckets are searched for tables."
  }
  assert {
    condition     = { for name, zone in google_dataplex_zone.this : name => zone.discovery_spec[0].enabled } == { raw = true, curated = true, analytics = false }
    error_message = "A zone without buckets would make a dataset for files that it has not."
  }
  assert {
    condition     = { for name, zone in google_dataplex_zone.this : name => zone.name } == { raw = "telecom-zone-raw", curated = "telecom-zone-curated", analytics = "telecom-zone-analytics" }
    error_message = "A zone publishes in a dataset of its name, which could be one of ours."
  }
  assert {
    condition     = google_dataplex_lake_iam_member.this["roles/dataplex.viewer/analysts"].member == "group:analysts@example.com"
    error_message = "The analysts do not see the lake."
  }
  assert {
    condition     = keys(google_dataplex_datascan.quality) == ["telecom_gold.telco_churn_training", "telecom_monitoring.llm_usage", "telecom_silver.telco_churn_clean"]
    error_message = "A table is scanned that was left out, or one is not that should be."
  }
  assert {
    condition     = google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data[0].resource == "//bigquery.googleapis.com/projects/telecom-test-1/datasets/telecom_silver/tables/telco_churn_clean" && google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_scan_id == "quality-silver-telco-churn-clean"
    error_message = "The scan reads another table."
  }
  assert {
    condition     = length(google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].execution_spec[0].trigger[0].on_demand) == 1 && length(google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].execution_spec[0].trigger[0].schedule) == 0
    error_message = "In dev a scan runs on demand."
  }
  assert {
    condition     = google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].row_filter == "snapshot_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 35 DAY)" && google_dataplex_datascan.quality["telecom_gold.telco_churn_training"].data_quality_spec[0].row_filter == null
    error_message = "Partitions of the last 35 days are looked at; a table without partitions whole."
  }
  assert {
    condition     = google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].post_scan_actions[0].notification_report[0].recipients[0].emails == tolist(["data@example.com"])
    error_message = "Nobody hears of a failed scan."
  }
  # As many rules as mlops/src/data_quality.py has: every rule of a column is one there, but minimum and maximum are a range here.
  assert {
    condition = alltrue([
      for table, scan in google_dataplex_datascan.quality : length(scan.data_quality_spec[0].rules) ==
      1 + length(try(yamldecode(file("../../../../data/schemas/${split(".", table)[1]}.yaml")).checks, [])) + length(flatten([
        for column in yamldecode(file("../../../../data/schemas/${split(".", table)[1]}.yaml")).columns : concat(
          try(column.mode, "") == "REQUIRED" ? ["null"] : [],
          try(column.values, null) != null ? ["set"] : [],
          try(column.pattern, null) != null ? ["regex"] : [],
          contains(["INT64", "FLOAT64", "NUMERIC"], column.type) && (can(column.minimum) || can(column.maximum)) ? ["range"] : [],
        )
      ]))
    ])
    error_message = "A scan has more or fewer rules than its contract."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].rules : rule.range_expectation[0].min_value == "0" && rule.range_expectation[0].max_value == "1200" && rule.ignore_null if rule.name == "tenure-months-range"])
    error_message = "The range of tenure_months is not its contract's."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].rules : rule.set_expectation[0].values == tolist(["No", "DSL", "Fiber optic"]) if rule.name == "internet-service-allowed-values"])
    error_message = "The values of internet_service are not its contract's."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].rules : rule.regex_expectation[0].regex == "^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$" if rule.name == "customer-id-pattern"])
    error_message = "The pattern of customer_id is not asked of the whole value."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].rules : rule.row_condition_expectation[0].sql_expression == "(NOT total_charges_imputed) IS NOT FALSE" && rule.threshold == 0.95 if rule.name == "total-charges-imputed"])
    error_message = "A row check has another expression or tolerance than its contract's."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_silver.telco_churn_clean"].data_quality_spec[0].rules : rule.sql_assertion[0].sql_statement == "SELECT snapshot_date, customer_id FROM $${data()} GROUP BY snapshot_date, customer_id HAVING COUNT(*) > 1" if rule.name == "key-unique"])
    error_message = "A key of two columns is not checked together."
  }
  assert {
    condition     = one([for rule in google_dataplex_datascan.quality["telecom_monitoring.llm_usage"].data_quality_spec[0].rules : rule.column == "trace_id" && length(rule.uniqueness_expectation) == 1 if rule.name == "key-unique"])
    error_message = "A key of one column is not checked."
  }
}

run "prod_scans_by_itself" {
  command = plan

  variables {
    env     = "prod"
    quality = { schedule = "TZ=America/Sao_Paulo 0 7 * * *" }
  }

  assert {
    condition     = alltrue([for scan in google_dataplex_datascan.quality : scan.execution_spec[0].trigger[0].schedule[0].cron == "TZ=America/Sao_Paulo 0 7 * * *"])
    error_message = "A scan has no schedule in prod."
  }
  assert {
    condition     = alltrue([for scan in google_dataplex_datascan.quality : alltrue([for rule in scan.data_quality_spec[0].rules : can(regex("^[A-Za-z][A-Za-z0-9-]{0,62}$", rule.name))])])
    error_message = "A rule has a name that Dataplex refuses."
  }
}

run "prod_refuses_scans_that_nobody_starts_and_csv_in_a_curated_zone" {
  command = plan

  variables {
    env     = "prod"
    quality = {}
    zones   = { curated = { type = "CURATED", buckets = { bronze = { name = "b", formats = ["csv"] } } } }
    iam     = { "roles/dataplex.admin" = { one = "group:a@example.com" } }
  }

  expect_failures = [var.quality, var.zones, var.iam]
}

run "refuses_a_dataset_in_two_zones" {
  command = plan

  variables {
    zones   = { raw = { type = "RAW", datasets = { a = "telecom_gold" } }, curated = { type = "CURATED", datasets = { b = "telecom_gold" } } }
    quality = { schedule = "daily", lookback_days = 0, score_threshold = 0 }
  }

  expect_failures = [var.zones, var.quality]
}

run "refuses_a_zone_that_would_claim_a_dataset" {
  command = plan

  variables {
    zones = { gold-files = { type = "RAW", datasets = { a = "telecom_zone_gold_files" } } }
  }

  expect_failures = [var.zones]
}

run "searches_no_files_where_told_so" {
  command = plan

  variables {
    zones = { raw = { type = "RAW", discovery = false, buckets = { bronze = { name = "b", formats = ["csv"] } } } }
  }

  assert {
    condition     = !google_dataplex_zone.this["raw"].discovery_spec[0].enabled && !google_dataplex_asset.this["raw/bucket/bronze"].discovery_spec[0].enabled
    error_message = "Files are searched that should not be."
  }
}

run "refuses_a_table_without_a_contract" {
  command = plan

  variables {
    table_ids = { "telecom_gold.unknown" = "projects/telecom-test-1/datasets/telecom_gold/tables/unknown" }
  }

  expect_failures = [google_dataplex_lake.this]
}
