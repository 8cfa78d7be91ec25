variables {
  project_id = "telecom-test-1"
  region     = "us-central1"
  env        = "dev"
}

run "as_the_code_looks_for_it" {
  command = plan

  # Names are read out of the code, so that a change there fails here.
  assert {
    condition     = google_firestore_database.this.name == "telecom-dev" && strcontains(file("../../../../telecom/adapters/gcp/_firestore.py"), "/databases/telecom-{settings.env}")
    error_message = "The code looks for its records in another database."
  }
  assert {
    condition     = google_firestore_index.newest.collection == regex("COLLECTION = \"(\\w+)\"", file("../../../../telecom/adapters/gcp/_firestore.py"))[0] && alltrue([for field in google_firestore_field.unindexed : field.collection == google_firestore_index.newest.collection])
    error_message = "Index and fields are of another collection than the code's."
  }
  assert {
    condition     = [for field in google_firestore_index.newest.fields : "${field.field_path} ${field.order}"] == ["kind ASCENDING", "owner ASCENDING", "changed_at DESCENDING"] && google_firestore_index.newest.query_scope == "COLLECTION" && strcontains(file("../../../../telecom/adapters/gcp/records.py"), "composite index (kind, owner, changed_at descending) and a TTL policy on `expires_at`")
    error_message = "An owner's records of a kind, newest first, cannot be asked for, or the code says that it needs another index."
  }
  assert {
    condition     = [for name, field in google_firestore_field.unindexed : name if length(field.ttl_config) == 1] == ["expires_at"]
    error_message = "Documents end by expires_at and nothing else."
  }
  assert {
    condition     = keys(google_firestore_field.unindexed) == ["changed_at", "expires_at", "value", "writes"] && alltrue([for field in google_firestore_field.unindexed : length(field.index_config) == 1 && length(one(field.index_config).indexes) == 0])
    error_message = "What no query asks for has an index, or what the erasure asks for (owner) has none."
  }
  assert {
    condition     = google_firestore_database.this.type == "FIRESTORE_NATIVE" && google_firestore_database.this.concurrency_mode == "OPTIMISTIC" && google_firestore_database.this.location_id == "us-central1"
    error_message = "The database is of another kind, or lies elsewhere."
  }
  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.this.deletion_policy == "DELETE" && google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED" && length(google_firestore_database.this.cmek_config) == 0
    error_message = "Protected unless told otherwise; in dev, what is an hour old is gone."
  }
}

run "prod_keeps_a_week" {
  command = plan

  variables {
    env          = "prod"
    kms_key_name = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "In prod every state of seven days can be read again, and nobody deletes the database."
  }
  assert {
    condition     = one(google_firestore_database.this.cmek_config).kms_key_name == var.kms_key_name
    error_message = "The database is not encrypted with the key."
  }
}

run "dev_may_be_torn_down" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_DISABLED"
    error_message = "Dev cannot be torn down."
  }
}

run "prod_refuses_what_dev_may" {
  command = plan

  variables {
    env                    = "prod"
    deletion_protection    = false
    point_in_time_recovery = false
  }

  expect_failures = [var.deletion_protection, var.point_in_time_recovery]
}

run "refuses_what_cannot_be" {
  command = plan

  variables {
    project_id   = "Telecom"
    region       = "brazil"
    env          = "test"
    name         = "(default)"
    collection   = "assistant/records"
    kms_key_name = "key"
  }

  expect_failures = [var.project_id, var.region, var.env, var.name, var.collection, var.kms_key_name]
}
