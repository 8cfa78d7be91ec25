variables {
  project_id = "acme-telecom"
  secrets = {
    telecom-slack-dev = {
      description = "Slack's token for alerts."
      iam         = { "roles/secretmanager.secretAccessor" = { llmops = "serviceAccount:telecom-llmops-dev@acme-telecom.iam.gserviceaccount.com" } }
    }
  }
}

run "defaults" {
  command = plan

  assert {
    condition     = google_secret_manager_secret.secret["telecom-slack-dev"].deletion_protection && google_secret_manager_secret.secret["telecom-slack-dev"].version_destroy_ttl == "604800s"
    error_message = "A secret is protected, and a destroyed version can be brought back for a week."
  }
  assert {
    condition     = length(one(google_secret_manager_secret.secret["telecom-slack-dev"].replication).auto) == 1 && length(one(google_secret_manager_secret.secret["telecom-slack-dev"].replication).user_managed) == 0
    error_message = "Google chooses where it lies unless locations do."
  }
  assert {
    condition     = length(google_secret_manager_secret_version.version) == 0
    error_message = "Terraform makes no value unless it is asked to."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.member["telecom-slack-dev/roles/secretmanager.secretAccessor/llmops"].secret_id == "telecom-slack-dev"
    error_message = "Who may read is bound on the one secret."
  }
}

run "value_is_sent_and_not_kept" {
  command = plan

  variables {
    deletion_protection = false
    locations           = ["us-central1", "us-east1"]
    secrets             = { telecom-slack-dev = { description = "Slack's token.", value_version = 1 } }
    values              = { telecom-slack-dev = "xoxb-not-a-real-one" }
  }

  assert {
    condition     = google_secret_manager_secret_version.version["telecom-slack-dev"].secret_data_wo == null && google_secret_manager_secret_version.version["telecom-slack-dev"].secret_data == null
    error_message = "The state must not hold the value."
  }
  assert {
    condition     = tostring(google_secret_manager_secret_version.version["telecom-slack-dev"].secret_data_wo_version) == "1" && google_secret_manager_secret_version.version["telecom-slack-dev"].deletion_policy == "ABANDON"
    error_message = "Its number decides when it is sent again; older versions stay."
  }
  assert {
    condition     = [for replica in one(one(google_secret_manager_secret.secret["telecom-slack-dev"].replication).user_managed).replicas : replica.location] == ["us-central1", "us-east1"]
    error_message = "It lies where locations say."
  }
  assert {
    condition     = output.names["telecom-slack-dev"] == "telecom-slack-dev"
    error_message = "The output is what cloud_run refers to."
  }
}

run "refuses_keys_without_their_places_and_everybody" {
  command = plan

  variables {
    locations = ["us-central1", "us-east1"]
    kms_keys  = { us-central1 = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k" }
    secrets   = { token = { description = "x", iam = { "roles/secretmanager.secretAccessor" = { all = "allAuthenticatedUsers" } } } }
  }

  expect_failures = [var.kms_keys, var.secrets]
}

run "refuses_names_that_cannot_be" {
  command = plan

  variables {
    secrets   = { "my secret" = { description = "x" } }
    locations = ["eu"]
  }

  expect_failures = [var.secrets, var.locations]
}
