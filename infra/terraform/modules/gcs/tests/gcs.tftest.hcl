variables {
  project_id = "acme-telecom"
  env        = "dev"
  location   = "us-central1"
  labels     = { app = "telecom" }
  buckets = {
    bronze = {}
    silver = {}
    gold   = {}
    docs   = {}
    models = {}
    pipelines = {
      lifecycle = { old-runs = { action = "Delete", age_days = 90 } }
    }
  }
}

run "defaults" {
  command = plan

  assert {
    condition     = toset([for bucket in google_storage_bucket.bucket : bucket.name]) == toset([for layer in ["bronze", "silver", "gold", "docs", "models", "pipelines"] : "acme-telecom-dev-${layer}"])
    error_message = "Buckets are named as telecom/settings.py names them."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.bucket : bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && !bucket.force_destroy])
    error_message = "No bucket can be made public, or is deleted with what it holds."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.bucket : one(bucket.versioning).enabled && one(bucket.soft_delete_policy).retention_duration_seconds == 604800])
    error_message = "What is replaced or deleted stays for a while."
  }
  assert {
    condition     = length([for rule in google_storage_bucket.bucket["bronze"].lifecycle_rule : rule if one(rule.action).type == "AbortIncompleteMultipartUpload"]) == 1
    error_message = "Uploads that were broken off go."
  }
  assert {
    condition     = length([for rule in google_storage_bucket.bucket["bronze"].lifecycle_rule : rule if one(rule.action).type == "Delete" && one(rule.condition).with_state == "LIVE"]) == 0
    error_message = "No live object is deleted by itself unless lifecycle says so."
  }
  assert {
    condition     = one([for rule in google_storage_bucket.bucket["bronze"].lifecycle_rule : one(rule.condition) if one(rule.action).type == "Delete"]).num_newer_versions == 3
    error_message = "Three newer versions stay before an old one goes."
  }
  assert {
    condition     = one([for rule in google_storage_bucket.bucket["pipelines"].lifecycle_rule : one(rule.condition) if one(rule.action).type == "Delete" && one(rule.condition).with_state == "LIVE"]).age == 90
    error_message = "What a layer's lifecycle says is done."
  }
  assert {
    condition     = google_storage_bucket.bucket["docs"].labels == tomap({ app = "telecom", layer = "docs" })
    error_message = "Labels of all and the layer's own."
  }
  assert {
    condition     = alltrue([for bucket in google_storage_bucket.bucket : length(bucket.encryption) == 0 && length(bucket.retention_policy) == 0]) && length(google_kms_crypto_key_iam_member.storage) == 0
    error_message = "Google's keys and no retention unless asked for."
  }
}

run "all_options" {
  command = apply

  variables {
    prefix                = "other-name"
    kms_key               = "projects/acme-kms/locations/us-central1/keyRings/telecom/cryptoKeys/lake"
    storage_service_agent = "serviceAccount:service-123456@gs-project-accounts.iam.gserviceaccount.com"
    buckets = {
      bronze = {
        versioning = false
        retention  = { days = 365 }
        lifecycle  = { cold = { action = "SetStorageClass", storage_class = "COLDLINE", age_days = 90, prefixes = ["churn/"] } }
        iam        = { "roles/storage.objectUser" = { mlops = "serviceAccount:telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com" } }
      }
      models = {
        kms_key       = "projects/acme-kms/locations/us-central1/keyRings/telecom/cryptoKeys/models"
        force_destroy = true
      }
    }
  }

  assert {
    condition     = google_storage_bucket.bucket["bronze"].name == "other-name-bronze" && google_storage_bucket.bucket["models"].force_destroy
    error_message = "prefix and force_destroy count."
  }
  assert {
    condition     = tonumber(one(google_storage_bucket.bucket["bronze"].retention_policy).retention_period) == 31536000 && one(google_storage_bucket.bucket["bronze"].retention_policy).is_locked == false
    error_message = "Retention is in seconds, and not locked by itself."
  }
  assert {
    condition     = one(google_storage_bucket.bucket["bronze"].encryption).default_kms_key_name == var.kms_key && endswith(one(google_storage_bucket.bucket["models"].encryption).default_kms_key_name, "/models")
    error_message = "A bucket's own key counts before the common one."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.storage)) == toset(["all", "models"]) && alltrue([for grant in google_kms_crypto_key_iam_member.storage : grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter"])
    error_message = "Cloud Storage may use both keys."
  }
  assert {
    condition     = google_storage_bucket_iam_member.member["bronze/roles/storage.objectUser/mlops"].bucket == "other-name-bronze"
    error_message = "Bindings are keyed by bucket, role and key, none of which is a generated value."
  }
  assert {
    condition     = output.buckets["bronze"].name == "other-name-bronze" && output.names["models"] == "other-name-models"
    error_message = "Outputs are by layer."
  }
}

run "removing_one_touches_nothing_else" {
  command = plan

  variables {
    prefix                = "other-name"
    kms_key               = "projects/acme-kms/locations/us-central1/keyRings/telecom/cryptoKeys/lake"
    storage_service_agent = "serviceAccount:service-123456@gs-project-accounts.iam.gserviceaccount.com"
    buckets = {
      bronze = {
        versioning = false
        retention  = { days = 365 }
        lifecycle  = { cold = { action = "SetStorageClass", storage_class = "COLDLINE", age_days = 90, prefixes = ["churn/"] } }
        iam        = { "roles/storage.objectUser" = { mlops = "serviceAccount:telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com" } }
      }
    }
  }

  # The id is known in a plan only while the bucket stays as it is.
  assert {
    condition     = length(google_storage_bucket.bucket) == 1 && google_storage_bucket.bucket["bronze"].id == run.all_options.buckets["bronze"].id
    error_message = "The bucket that stays is the one that was there."
  }
}

run "prod_refuses_force_destroy" {
  command = plan

  variables {
    env     = "prod"
    buckets = { gold = { force_destroy = true } }
  }

  expect_failures = [var.buckets]
}

run "prod_refuses_what_can_be_lost" {
  command = plan

  variables {
    env     = "prod"
    buckets = { gold = { versioning = false } }
  }

  expect_failures = [var.buckets]
}

run "refuses_retention_with_versioning" {
  command = plan

  variables {
    buckets = { bronze = { retention = { days = 30 } } }
  }

  expect_failures = [var.buckets]
}

run "refuses_a_class_without_a_name" {
  command = plan

  variables {
    buckets = { bronze = { lifecycle = { cold = { action = "SetStorageClass", age_days = 30 } } } }
  }

  expect_failures = [var.buckets]
}

run "refuses_three_days_of_soft_delete" {
  command = plan

  variables {
    buckets = { bronze = { soft_delete_days = 3 } }
  }

  expect_failures = [var.buckets]
}

run "refuses_everybody" {
  command = plan

  variables {
    buckets = { docs = { iam = { "roles/storage.objectViewer" = { all = "allUsers" } } } }
  }

  expect_failures = [var.buckets]
}

run "refuses_admin_roles" {
  command = plan

  variables {
    buckets = { docs = { iam = { "roles/storage.objectAdmin" = { mlops = "serviceAccount:a@b.iam.gserviceaccount.com" } } } }
  }

  expect_failures = [var.buckets]
}

run "refuses_names_places_and_keys_that_cannot_be" {
  command = plan

  variables {
    location = "mars"
    prefix   = "my-google-lake"
    kms_key  = "lake"
  }

  expect_failures = [var.location, var.prefix, var.kms_key]
}
