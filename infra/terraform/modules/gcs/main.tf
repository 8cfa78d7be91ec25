locals {
  prefix   = coalesce(var.prefix, "${var.project_id}-${var.env}")
  kms_keys = { for key, bucket in var.buckets : key => bucket.kms_key != null ? bucket.kms_key : var.kms_key }
  iam = merge(flatten([
    for name, bucket in var.buckets : [
      for role, members in bucket.iam : {
        for key, member in members : "${name}/${role}/${key}" => { bucket = name, role = role, member = member }
      }
    ]
  ])...)
}

resource "google_storage_bucket" "bucket" {
  for_each = var.buckets

  # checkov:skip=CKV_GCP_62:Usage logs are the old way; who reads and writes is in the data access logs (module project).
  # checkov:skip=CKV_GCP_78:Versioning is on by default; a bucket with retention cannot have it, and prod needs one of the two.
  project                     = var.project_id
  name                        = "${local.prefix}-${each.key}"
  location                    = var.location
  storage_class               = each.value.storage_class
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = each.value.force_destroy
  labels                      = merge(var.labels, each.value.labels, { layer = each.key })

  versioning {
    enabled = each.value.versioning
  }

  soft_delete_policy {
    retention_duration_seconds = each.value.soft_delete_days * 86400
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.versioning ? { noncurrent = each.value.noncurrent } : {}

    content {
      action {
        type = "Delete"
      }
      condition {
        with_state                 = "ARCHIVED"
        days_since_noncurrent_time = lifecycle_rule.value.days
        num_newer_versions         = lifecycle_rule.value.keep
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.lifecycle

    content {
      action {
        type          = lifecycle_rule.value.action
        storage_class = lifecycle_rule.value.storage_class
      }
      condition {
        age            = lifecycle_rule.value.age_days
        with_state     = "LIVE"
        matches_prefix = lifecycle_rule.value.prefixes
        matches_suffix = lifecycle_rule.value.suffixes
      }
    }
  }

  # Its period is text in 7.x and 8.x; a number in the configuration is right for both.
  dynamic "retention_policy" {
    for_each = each.value.retention == null ? {} : { retention = each.value.retention }

    content {
      retention_period = retention_policy.value.days * 86400
      is_locked        = retention_policy.value.locked
    }
  }

  dynamic "encryption" {
    for_each = local.kms_keys[each.key] == null ? {} : { key = local.kms_keys[each.key] }

    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}
