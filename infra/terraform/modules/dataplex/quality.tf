# The contracts' rules as data quality scans, the same rules that mlops/src/data_quality.py asks of each snapshot.

locals {
  schemas_path = coalesce(var.schemas_path, "${path.module}/../../../../data/schemas")
  decoded      = [for name in fileset(local.schemas_path, "*.yaml") : yamldecode(file("${local.schemas_path}/${name}"))]
  contracts    = { for contract in local.decoded : contract.table => contract }
  scanned      = { for name, contract in local.contracts : name => contract if contains(keys(var.table_ids), name) && !contains(var.quality.left_out, name) }

  numbers = ["INT64", "FLOAT64", "NUMERIC"]

  # One list per table. A rule has every key, null where it does not apply, so that all are of one type.
  column_rules = {
    for name, contract in local.scanned : name => flatten([
      for column in contract.columns : try(column.mode, "NULLABLE") == "REPEATED" ? [] : [
        for rule in [
          { kind = "not-null", dimension = "COMPLETENESS", holds = try(column.mode, "NULLABLE") == "REQUIRED" },
          { kind = "allowed-values", dimension = "VALIDITY", holds = can(column.values) },
          { kind = "range", dimension = "VALIDITY", holds = contains(local.numbers, column.type) && (can(column.minimum) || can(column.maximum)) },
          { kind = "pattern", dimension = "VALIDITY", holds = can(column.pattern) },
        ] :
        {
          name        = "${replace(column.name, "_", "-")}-${rule.kind}"
          column      = column.name
          dimension   = rule.dimension
          kind        = rule.kind
          description = column.description
          values      = rule.kind == "allowed-values" ? [for value in column.values : tostring(value)] : null
          minimum     = rule.kind == "range" ? try(tostring(column.minimum), null) : null
          maximum     = rule.kind == "range" ? try(tostring(column.maximum), null) : null
          regex       = rule.kind == "pattern" ? "^(?:${column.pattern})$" : null
          sql         = null
          threshold   = 1
        } if rule.holds
      ]
    ])
  }
  key_rules = {
    for name, contract in local.scanned : name => [
      length(contract.key) == 1 ? {
        name        = "key-unique"
        column      = contract.key[0]
        dimension   = "UNIQUENESS"
        kind        = "unique"
        description = "The key tells rows apart."
        values      = null
        minimum     = null
        maximum     = null
        regex       = null
        sql         = null
        threshold   = 1
        } : {
        name        = "key-unique"
        column      = null
        dimension   = "UNIQUENESS"
        kind        = "assertion"
        description = "The key tells rows apart."
        values      = null
        minimum     = null
        maximum     = null
        regex       = null
        # A scan's own name for the rows it looks at is $${data()}.
        sql       = "SELECT ${join(", ", contract.key)} FROM $${data()} GROUP BY ${join(", ", contract.key)} HAVING COUNT(*) > 1"
        threshold = 1
      }
    ]
  }
  row_rules = {
    for name, contract in local.scanned : name => [
      for check in try(contract.checks, []) : {
        name        = replace(check.name, "_", "-")
        column      = null
        dimension   = "CONSISTENCY"
        kind        = "row"
        description = check.description
        values      = null
        minimum     = null
        maximum     = null
        regex       = null
        # NULL counts as good.
        sql       = "(${check.expression}) IS NOT FALSE"
        threshold = 1 - try(check.max_failing_share, 0)
      }
    ]
  }
  rules = { for name in keys(local.scanned) : name => concat(local.column_rules[name], local.key_rules[name], local.row_rules[name]) }
}

resource "google_dataplex_datascan" "quality" {
  for_each = local.scanned

  project      = var.project_id
  location     = var.region
  data_scan_id = "quality-${replace(trimprefix(replace(each.key, ".", "-"), "telecom_"), "_", "-")}"
  display_name = "Quality of ${each.key}"
  description  = "The rules of the contract of ${each.key}."
  labels       = merge(local.labels, { owner = each.value.owner, domain = each.value.domain })

  data {
    resource = "//bigquery.googleapis.com/${var.table_ids[each.key]}"
  }

  execution_spec {
    trigger {
      dynamic "on_demand" {
        for_each = var.quality.schedule == null ? [true] : []

        content {}
      }

      dynamic "schedule" {
        for_each = var.quality.schedule[*]

        content {
          cron = schedule.value
        }
      }
    }
  }

  data_quality_spec {
    row_filter                 = try("${each.value.partition_by} >= DATE_SUB(CURRENT_DATE(), INTERVAL ${var.quality.lookback_days} DAY)", null)
    catalog_publishing_enabled = true

    dynamic "rules" {
      for_each = local.rules[each.key]

      content {
        name        = rules.value.name
        column      = rules.value.column
        dimension   = rules.value.dimension
        description = rules.value.description
        # Whether NULL is allowed is a rule of its own.
        ignore_null = contains(["allowed-values", "range", "pattern"], rules.value.kind) ? true : null
        threshold   = contains(["unique", "assertion"], rules.value.kind) ? null : rules.value.threshold

        dynamic "non_null_expectation" {
          for_each = rules.value.kind == "not-null" ? [true] : []

          content {}
        }

        dynamic "set_expectation" {
          for_each = rules.value.kind == "allowed-values" ? [rules.value.values] : []

          content {
            values = set_expectation.value
          }
        }

        dynamic "range_expectation" {
          for_each = rules.value.kind == "range" ? [rules.value] : []

          content {
            min_value = range_expectation.value.minimum
            max_value = range_expectation.value.maximum
          }
        }

        dynamic "regex_expectation" {
          for_each = rules.value.kind == "pattern" ? [rules.value.regex] : []

          content {
            regex = regex_expectation.value
          }
        }

        dynamic "uniqueness_expectation" {
          for_each = rules.value.kind == "unique" ? [true] : []

          content {}
        }

        dynamic "sql_assertion" {
          for_each = rules.value.kind == "assertion" ? [rules.value.sql] : []

          content {
            sql_statement = sql_assertion.value
          }
        }

        dynamic "row_condition_expectation" {
          for_each = rules.value.kind == "row" ? [rules.value.sql] : []

          content {
            sql_expression = row_condition_expectation.value
          }
        }
      }
    }

    dynamic "post_scan_actions" {
      for_each = length(var.quality.emails) > 0 ? [true] : []

      content {
        notification_report {
          recipients {
            emails = var.quality.emails
          }

          score_threshold_trigger {
            score_threshold = var.quality.score_threshold
          }

          job_failure_trigger {}
        }
      }
    }
  }
}
