variables {
  project_id = "acme-telecom"
  env        = "dev"
  github = {
    repository    = "acme/telecom"
    owner_id      = "1111"
    repository_id = "2222"
  }
}

run "accounts_and_federation" {
  command = apply

  assert {
    condition     = toset([for account in google_service_account.account : account.account_id]) == toset(["telecom-cicd-dev", "telecom-llmops-dev", "telecom-mlops-dev", "telecom-privacy-dev", "telecom-review-dev", "telecom-scheduler-dev", "telecom-serving-dev"])
    error_message = "The seven accounts are named telecom-<key>-<env>."
  }
  assert {
    condition     = alltrue([for grant in google_project_iam_member.account : !can(regex("(?i)^roles/(owner|editor|viewer)$|admin", grant.role))])
    error_message = "No account has a basic or an admin role."
  }
  assert {
    condition     = length([for key, grant in google_project_iam_member.account : key if endswith(key, "/scheduler")]) == 0
    error_message = "The scheduler's account may do nothing on the project."
  }
  assert {
    condition     = alltrue([for role in ["bigquery.jobUser", "bigquery.readSessionUser", "monitoring.metricWriter", "monitoring.viewer", "run.developer"] : contains(keys(google_project_iam_member.account), "roles/${role}/cicd")])
    error_message = "A canary asks the gate, which reads tables through the Storage API and publishes what it found."
  }
  assert {
    condition     = !contains(keys(google_project_iam_member.account), "roles/aiplatform.user/serving") && contains(keys(google_project_iam_member.account), "roles/aiplatform.viewer/serving")
    error_message = "The churn service reads models and changes none."
  }
  assert {
    condition     = google_project_iam_member.custom["model_caller/llmops"].role == "projects/acme-telecom/roles/telecom_model_caller_dev" && google_project_iam_custom_role.role["model_caller"].permissions == toset(["aiplatform.endpoints.predict"]) && !contains(keys(google_project_iam_member.account), "roles/aiplatform.user/llmops")
    error_message = "The assistant asks models and does nothing else on Vertex AI."
  }
  assert {
    condition     = google_project_iam_member.custom["feature_keeper/privacy"].role == "projects/acme-telecom/roles/telecom_feature_keeper_dev" && !contains(keys(google_project_iam_member.account), "roles/aiplatform.user/privacy") && length(google_service_account_iam_member.member) == 0
    error_message = "Whoever erases serves features anew and does nothing else on Vertex AI; nobody takes that account's tokens."
  }
  assert {
    condition     = toset(keys(google_service_account_iam_member.act_as)) == toset(["cicd/cicd", "llmops/cicd", "mlops/cicd", "mlops/mlops", "privacy/cicd", "review/cicd", "serving/cicd"]) && alltrue([for grant in google_service_account_iam_member.act_as : grant.role == "roles/iam.serviceAccountUser"])
    error_message = "Only CI, and the dispatcher for pipelines, run things under an account."
  }
  assert {
    condition     = google_service_account_iam_member.act_as["llmops/cicd"].member == "serviceAccount:telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com"
    error_message = "act_as is bound to the account of that key."
  }
  assert {
    condition     = output.attribute_condition == "assertion.repository_owner_id == \"1111\" && assertion.repository_id == \"2222\" && assertion.ref_type == \"branch\" && assertion.ref in [\"refs/heads/main\"] && assertion.event_name in [\"push\",\"schedule\",\"workflow_dispatch\"]"
    error_message = "The condition is ${output.attribute_condition}."
  }
  assert {
    condition     = toset(keys(google_service_account_iam_member.github)) == toset(["cicd"]) && google_service_account_iam_member.github["cicd"].role == "roles/iam.workloadIdentityUser"
    error_message = "GitHub's jobs become telecom-cicd and nobody else."
  }
  assert {
    condition     = can(regex("^principalSet://iam[.]googleapis[.]com/projects/[^/]+/locations/global/workloadIdentityPools/[^/]+/attribute[.]repository_id/2222$", google_service_account_iam_member.github["cicd"].member))
    error_message = "The member is this repository, not the whole pool: ${google_service_account_iam_member.github["cicd"].member}"
  }
  assert {
    condition     = one(google_iam_workload_identity_pool_provider.github["github"].oidc).issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "Tokens are GitHub's."
  }
  assert {
    condition     = alltrue([for claim in ["repository_id", "repository_owner_id", "ref"] : google_iam_workload_identity_pool_provider.github["github"].attribute_mapping["attribute.${claim}"] == "assertion.${claim}"])
    error_message = "What decides is mapped, so that logs show it."
  }
  assert {
    condition     = output.workload_identity_provider != null && output.emails["cicd"] == "telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com"
    error_message = "The two values that the workflow needs are outputs."
  }

  # docs/infra/roles.md says what is meant; a role that it does not name is a mistake in one of the two.
  assert {
    condition = alltrue([
      for key, grant in google_project_iam_member.account :
      can(regex("\\| `telecom-${element(split("/", key), 2)}` \\| the project \\| `${grant.role}` \\|", file("${path.module}/../../../../docs/infra/roles.md")))
    ])
    error_message = "Not in docs/infra/roles.md: ${jsonencode([for key, grant in google_project_iam_member.account : key if !can(regex("\\| `telecom-${element(split("/", key), 2)}` \\| the project \\| `${grant.role}` \\|", file("${path.module}/../../../../docs/infra/roles.md")))])}"
  }
  assert {
    condition     = length(regexall("\\| `telecom-[a-z]+` \\| the project \\| `roles/", file("${path.module}/../../../../docs/infra/roles.md"))) == length(google_project_iam_member.account)
    error_message = "docs/infra/roles.md names roles on the project that are not bound."
  }
}

run "who_takes_an_account_s_tokens_is_named" {
  command = plan

  variables {
    account_iam = { privacy = { "roles/iam.serviceAccountTokenCreator" = { officers = "group:privacy@example.com" } } }
  }

  assert {
    condition     = keys(google_service_account_iam_member.member) == ["privacy/roles/iam.serviceAccountTokenCreator/officers"] && google_service_account_iam_member.member["privacy/roles/iam.serviceAccountTokenCreator/officers"].member == "group:privacy@example.com"
    error_message = "On that account alone, for that group alone."
  }
}

run "refuses_tokens_for_everybody" {
  command = plan

  variables {
    account_iam = { privacy = { "roles/iam.serviceAccountTokenCreator" = { all = "allAuthenticatedUsers" } } }
  }

  expect_failures = [var.account_iam]
}

run "refuses_tokens_of_an_account_that_is_not_ours" {
  command = plan

  variables {
    account_iam = { somebody = { "roles/iam.serviceAccountTokenCreator" = { officers = "group:privacy@example.com" } } }
  }

  expect_failures = [var.account_iam]
}

run "prod_wants_an_environment" {
  command = plan

  variables {
    env    = "prod"
    github = { repository = "acme/telecom", owner_id = "1111", repository_id = "2222", environments = ["prod"], tags = "v" }
  }

  assert {
    condition     = output.attribute_condition == "assertion.repository_owner_id == \"1111\" && assertion.repository_id == \"2222\" && ((assertion.ref_type == \"branch\" && assertion.ref in [\"refs/heads/main\"]) || (assertion.ref_type == \"tag\" && assertion.ref.startsWith(\"refs/tags/v\"))) && assertion.event_name in [\"push\",\"schedule\",\"workflow_dispatch\"] && assertion.environment in [\"prod\"]"
    error_message = "The condition is ${output.attribute_condition}."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.github["github"].description == "Branches main, tags v* of acme/telecom."
    error_message = "The provider says who gets in: ${google_iam_workload_identity_pool_provider.github["github"].description}"
  }

  assert {
    condition     = endswith(google_iam_workload_identity_pool_provider.github["github"].attribute_condition, " && assertion.environment in [\"prod\"]")
    error_message = "In prod a job must use the environment."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.github["github"].attribute_mapping["attribute.environment"] == "assertion.environment"
    error_message = "The environment is mapped where it is asked for."
  }
}

run "prod_refuses_a_job_without_environment" {
  command = plan

  variables {
    env = "prod"
  }

  expect_failures = [var.github]
}

run "without_github" {
  command = plan

  variables {
    service_accounts = { scheduler = { display_name = "x", description = "x", iam = {
      "roles/iam.serviceAccountTokenCreator" = { pubsub = "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com" }
    } } }
    github = null
    iam    = { "roles/monitoring.notificationServiceAgent" = { agent = "serviceAccount:service-1@gcp-sa-monitoring-notification.iam.gserviceaccount.com" } }
  }

  assert {
    condition     = length(google_iam_workload_identity_pool.github) == 0 && length(google_service_account_iam_member.github) == 0 && output.workload_identity_provider == null
    error_message = "Without github nobody gets in from outside."
  }
  assert {
    condition     = keys(google_service_account_iam_member.member) == ["scheduler/roles/iam.serviceAccountTokenCreator/pubsub"]
    error_message = "On one account, tokens may be taken by whom it names."
  }
  assert {
    condition     = google_project_iam_member.member["roles/monitoring.notificationServiceAgent/agent"].role == "roles/monitoring.notificationServiceAgent"
    error_message = "iam binds members from elsewhere on the project."
  }
}

# A rule of github looks at service_accounts, one of service_accounts at custom_roles: they are refused one by one, iam
# beside any of them.

run "refuses_a_pattern_of_repositories_and_everybody" {
  command = plan

  variables {
    iam    = { "roles/run.invoker" = { all = "allUsers" } }
    github = { repository = "acme/*", owner_id = "1111", repository_id = "2222" }
  }

  expect_failures = [var.github, var.iam]
}

run "refuses_names_for_numbers_and_taking_tokens_of_every_account" {
  command = plan

  variables {
    iam    = { "roles/iam.serviceAccountTokenCreator" = { agent = "serviceAccount:a@example-1.iam.gserviceaccount.com" } }
    github = { repository = "acme/telecom", owner_id = "acme", repository_id = "2222" }
  }

  expect_failures = [var.github, var.iam]
}

run "refuses_a_pattern_of_branches_and_running_as_every_account" {
  command = plan

  variables {
    iam    = { "roles/iam.serviceAccountUser" = { agent = "serviceAccount:a@example-1.iam.gserviceaccount.com" } }
    github = { repository = "acme/telecom", owner_id = "1111", repository_id = "2222", branches = ["*"] }
  }

  expect_failures = [var.github, var.iam]
}

run "refuses_every_tag" {
  command = plan

  variables {
    github = { repository = "acme/telecom", owner_id = "1111", repository_id = "2222", tags = "" }
  }

  expect_failures = [var.github]
}

run "refuses_a_pattern_of_tags" {
  command = plan

  variables {
    github = { repository = "acme/telecom", owner_id = "1111", repository_id = "2222", tags = "v\") || true || (\"" }
  }

  expect_failures = [var.github]
}

run "refuses_pull_request_target_and_an_owner" {
  command = plan

  variables {
    iam    = { "roles/owner" = { somebody = "user:a@example.com" } }
    github = { repository = "acme/telecom", owner_id = "1111", repository_id = "2222", events = ["push", "pull_request_target"] }
  }

  expect_failures = [var.github, var.iam]
}

run "refuses_basic_roles" {
  command = plan

  variables {
    service_accounts = { cicd = { display_name = "x", description = "x", roles = ["roles/editor"] } }
  }

  expect_failures = [var.service_accounts]
}

run "refuses_admin_roles" {
  command = plan

  variables {
    service_accounts = { cicd = { display_name = "x", description = "x", roles = ["roles/storage.objectAdmin"] } }
  }

  expect_failures = [var.service_accounts]
}

run "refuses_impersonation_of_the_whole_project" {
  command = plan

  variables {
    service_accounts = { cicd = { display_name = "x", description = "x", roles = ["roles/iam.serviceAccountTokenCreator"] } }
  }

  expect_failures = [var.service_accounts]
}

run "refuses_an_unknown_actor" {
  command = plan

  variables {
    service_accounts = { cicd = { display_name = "x", description = "x", act_as = ["somebody"] } }
  }

  expect_failures = [var.service_accounts]
}

run "refuses_a_long_name" {
  command = plan

  variables {
    service_accounts = { cicd-of-the-whole-company = { display_name = "x", description = "x" } }
    github           = null
  }

  expect_failures = [var.service_accounts]
}

run "refuses_permission_to_hand_out_permissions" {
  command = plan

  variables {
    custom_roles = { model_caller = { title = "x", description = "x", permissions = ["resourcemanager.projects.setIamPolicy"] } }
  }

  expect_failures = [var.custom_roles]
}
