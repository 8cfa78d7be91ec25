# State of conversations and proposals, as telecom/adapters/gcp/records.py reads and writes it: the environment's own
# database, one collection, documents that end by themselves.

locals {
  protected = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  recovery  = coalesce(var.point_in_time_recovery, var.env == "prod")

  # What no query asks for: an index of its own would cost a write each time, and one of a time that only grows is slow.
  unindexed = toset(["changed_at", "expires_at", "value", "writes"])
}

resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = coalesce(var.name, "telecom-${var.env}")
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = local.recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = local.protected
  # The protection is what refuses. ABANDON, the default, would leave behind a database that nobody manages.
  deletion_policy = "DELETE"

  dynamic "cmek_config" {
    for_each = var.kms_key_name[*]

    content {
      kms_key_name = cmek_config.value
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = var.collection
  field      = each.key

  index_config {}

  # Firestore deletes a document within a day of the time in this field; until then the code passes over it.
  dynamic "ttl_config" {
    for_each = each.key == "expires_at" ? [true] : []

    content {}
  }
}

# An owner's records of a kind, the one changed last first. The erasure asks for the owner alone, for which the index
# that every field has by itself is enough.
resource "google_firestore_index" "newest" {
  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = var.collection
  query_scope = "COLLECTION"

  fields {
    field_path = "kind"
    order      = "ASCENDING"
  }

  fields {
    field_path = "owner"
    order      = "ASCENDING"
  }

  fields {
    field_path = "changed_at"
    order      = "DESCENDING"
  }

  # The index takes minutes, in which Firestore may refuse other changes of the collection. It therefore comes last; the
  # fields go side by side, in seconds each. Should one be refused all the same, a second apply makes what is missing.
  depends_on = [google_firestore_field.unindexed]
}
