variables {
  project_id = "acme-telecom"
  env        = "dev"
  region     = "us-central1"
  repositories = {
    telecom-dev = {
      description = "Images of the platform."
      iam         = { "roles/artifactregistry.writer" = { cicd = "serviceAccount:telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com" } }
    }
  }
}

run "defaults" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.repository["telecom-dev"].format == "DOCKER" && one(google_artifact_registry_repository.repository["telecom-dev"].docker_config).immutable_tags && one(google_artifact_registry_repository.repository["telecom-dev"].vulnerability_scanning_config).enablement_config == "INHERITED"
    error_message = "Tags stay where they were put, and images are scanned."
  }
  assert {
    condition     = toset([for policy in google_artifact_registry_repository.repository["telecom-dev"].cleanup_policies : "${policy.id} ${policy.action}"]) == toset(["keep-newest KEEP", "keep-tags KEEP", "delete-untagged DELETE"])
    error_message = "What has a tag is never deleted by itself."
  }
  assert {
    condition     = one([for policy in google_artifact_registry_repository.repository["telecom-dev"].cleanup_policies : one(policy.condition) if policy.id == "delete-untagged"]).older_than == "1209600s"
    error_message = "Images without a tag go after 14 days."
  }
  assert {
    condition     = google_artifact_registry_repository.repository["telecom-dev"].cleanup_policy_dry_run == false
    error_message = "Clean-up cleans up."
  }
  assert {
    condition     = output.urls["telecom-dev"] == "us-central1-docker.pkg.dev/acme-telecom/telecom-dev"
    error_message = "The output is what images begin with."
  }
  assert {
    condition     = google_artifact_registry_repository_iam_member.member["telecom-dev/roles/artifactregistry.writer/cicd"].role == "roles/artifactregistry.writer"
    error_message = "Who may push is bound on the repository."
  }
}

run "dev_may_delete_what_has_a_tag" {
  command = plan

  variables {
    repositories = { telecom-dev = { description = "x", immutable_tags = false, tagged_days = 60 } }
  }

  assert {
    condition     = one([for policy in google_artifact_registry_repository.repository["telecom-dev"].cleanup_policies : one(policy.condition) if policy.id == "delete-tagged"]).older_than == "5184000s"
    error_message = "Images with a tag go after the days that were said."
  }
}

run "refuses_to_delete_immutable_tags" {
  command = plan

  variables {
    repositories = { telecom-dev = { description = "x", tagged_days = 60 } }
  }

  expect_failures = [var.repositories]
}

run "prod_refuses_tags_that_move" {
  command = plan

  variables {
    env          = "prod"
    repositories = { telecom-prod = { description = "x", immutable_tags = false } }
  }

  expect_failures = [var.repositories]
}

run "refuses_admin_roles" {
  command = plan

  variables {
    repositories = { telecom-dev = { description = "x", iam = { "roles/artifactregistry.repoAdmin" = { cicd = "serviceAccount:a@b.iam.gserviceaccount.com" } } } }
  }

  expect_failures = [var.repositories]
}
