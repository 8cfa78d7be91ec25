variables {
  project_id     = "acme-telecom"
  project_number = "123456789012"
  env            = "dev"
  region         = "us-central1"
  labels         = { app = "telecom" }
  services = {
    telecom-dispatcher-dev = {
      description     = "Starts pipelines."
      image           = "us-central1-docker.pkg.dev/acme-telecom/telecom-dev/churn:1"
      service_account = "telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
      min_instances   = 0
      max_instances   = 2
      args            = ["telecom", "serve", "dispatcher", "--host", "0.0.0.0"]
      env             = { TELECOM_BACKEND = "gcp" }
      self_url_in     = "TELECOM_AUDIENCE"
    }
  }
}

run "closed_by_default" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.service["telecom-dispatcher-dev"].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && length(google_cloud_run_v2_service_iam_member.member) == 0
    error_message = "From inside only, and nobody may call."
  }
  assert {
    condition     = google_cloud_run_v2_service.service["telecom-dispatcher-dev"].deletion_protection
    error_message = "Protected unless told otherwise."
  }
  assert {
    condition     = one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).scaling).max_instance_count == 2 && one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).scaling).min_instance_count == 0
    error_message = "Instances are bounded."
  }
  assert {
    condition     = one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).service_account == "telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
    error_message = "It runs as the account that was named."
  }
  assert {
    condition     = one(one(one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).containers).startup_probe).http_get).path == "/readyz" && one(one(one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).containers).liveness_probe).http_get).path == "/healthz"
    error_message = "Started when ready, restarted when not alive."
  }
  assert {
    condition     = one(one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).containers).resources).limits == tomap({ cpu = "1", memory = "512Mi" })
    error_message = "Limits are set."
  }
  assert {
    condition     = one([for variable in one(one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].template).containers).env : variable.value if variable.name == "TELECOM_AUDIENCE"]) == "https://telecom-dispatcher-dev-123456789012.us-central1.run.app"
    error_message = "It knows its own address before it exists."
  }
  assert {
    condition     = one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].traffic).percent == 100 && one(google_cloud_run_v2_service.service["telecom-dispatcher-dev"].traffic).tag == "stable"
    error_message = "The first revision gets all requests and a tag."
  }
  assert {
    condition     = google_cloud_run_v2_service.service["telecom-dispatcher-dev"].labels == tomap({ app = "telecom" })
    error_message = "Labels are those of all."
  }
}

run "all_options" {
  command = apply

  variables {
    deletion_protection = false
    vpc                 = { network = "projects/acme-telecom/global/networks/telecom-dev", subnetwork = "projects/acme-telecom/regions/us-central1/subnetworks/telecom-dev", tags = ["telecom-dev-run"] }
    services = {
      telecom-churn-dev = {
        description     = "Risk over HTTP."
        image           = "us-central1-docker.pkg.dev/acme-telecom/telecom-dev/churn:1"
        service_account = "telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
        min_instances   = 1
        max_instances   = 5
        cpu_always      = true
        prometheus      = { config_secret = "telecom-scrape-dev" }
        sidecars        = { otel = { image = "us-docker.pkg.dev/acme/otel:1" } }
        secrets         = { TELECOM_SLACK = { secret = "telecom-slack-dev", version = "3" } }
        secret_files    = { "/etc/telecom" = { secret = "telecom-rules-dev", file = "rules.yaml" } }
        vpc_egress      = "ALL_TRAFFIC"
        iam             = { "roles/run.invoker" = { llmops = "serviceAccount:telecom-llmops-dev@acme-telecom.iam.gserviceaccount.com" } }
      }
    }
    jobs = {
      telecom-report-dev = {
        image           = "us-central1-docker.pkg.dev/acme-telecom/telecom-dev/churn:1"
        service_account = "telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
        args            = ["telecom", "report"]
        secrets         = { TELECOM_SLACK = { secret = "telecom-slack-dev" } }
        vpc_egress      = "PRIVATE_RANGES_ONLY"
        iam             = { "roles/run.invoker" = { scheduler = "serviceAccount:telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com" } }
      }
    }
  }

  assert {
    condition     = [for container in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers : container.name] == ["app", "otel", "prometheus"]
    error_message = "The application comes first: it is its image that lifecycle leaves alone."
  }
  assert {
    condition     = alltrue([for container in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers : container.name == "app" ? length(container.ports) == 1 && length(coalesce(container.depends_on, [])) == 0 : length(container.ports) == 0 && container.depends_on == tolist(["app"])])
    error_message = "One container takes requests, the others wait for it."
  }
  assert {
    condition     = toset(flatten([for volume in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).volumes : [for secret in volume.secret : [for item in secret.items : "${secret.secret}/${item.path}"]]])) == toset(["telecom-rules-dev/rules.yaml", "telecom-scrape-dev/config.yaml"])
    error_message = "Files come from secrets."
  }
  assert {
    condition     = [for container in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers : [for mount in container.volume_mounts : mount.mount_path]] == [["/etc/telecom"], [], ["/etc/rungmp"]]
    error_message = "Each container sees its own files."
  }
  assert {
    condition     = one(one([for variable in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers[0].env : variable if variable.name == "TELECOM_SLACK"]).value_source).secret_key_ref[0].secret == "telecom-slack-dev" && one([for variable in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers[0].env : variable if variable.name == "TELECOM_SLACK"]).value == null
    error_message = "A secret is a reference, not a value."
  }
  assert {
    condition     = one(one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).vpc_access).egress == "ALL_TRAFFIC" && one(one(one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).vpc_access).network_interfaces).tags == tolist(["telecom-dev-run"])
    error_message = "Direct egress goes through the network, under the firewall's tag."
  }
  assert {
    condition     = alltrue([for container in one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers : one(container.resources).cpu_idle == false])
    error_message = "The processor stays between requests, so that the sidecar can scrape."
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.member["telecom-churn-dev/roles/run.invoker/llmops"].role == "roles/run.invoker" && google_cloud_run_v2_job_iam_member.member["telecom-report-dev/roles/run.invoker/scheduler"].name == "telecom-report-dev"
    error_message = "Who may call is who was named."
  }
  assert {
    condition     = one(one(google_cloud_run_v2_job.job["telecom-report-dev"].template).template).max_retries == 1 && one(one(google_cloud_run_v2_job.job["telecom-report-dev"].template).template).timeout == "1800s"
    error_message = "A job ends, and is tried once more."
  }
  assert {
    condition     = output.urls["telecom-churn-dev"] == "https://telecom-churn-dev-123456789012.us-central1.run.app" && output.services["telecom-churn-dev"].uri != null && output.jobs["telecom-report-dev"].name == "telecom-report-dev"
    error_message = "Outputs are by name."
  }
}

# After the apply above: another image changes nothing, since it is the release tools'.
run "another_image_is_no_change" {
  command = plan

  variables {
    deletion_protection = false
    services = {
      telecom-churn-dev = {
        description     = "Risk over HTTP."
        image           = "us-central1-docker.pkg.dev/acme-telecom/telecom-dev/churn:2"
        service_account = "telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
        min_instances   = 1
        max_instances   = 5
        tag             = "other"
      }
    }
  }

  assert {
    condition     = endswith(one(google_cloud_run_v2_service.service["telecom-churn-dev"].template).containers[0].image, "churn:1")
    error_message = "The plan must leave the image that runs."
  }
  assert {
    condition     = one(google_cloud_run_v2_service.service["telecom-churn-dev"].traffic).tag == "stable"
    error_message = "The plan must leave the traffic as it is."
  }
}

run "prod_is_stricter" {
  command = plan

  variables {
    env  = "prod"
    jobs = { j = { image = "r/churn:1", service_account = "a@b.iam.gserviceaccount.com" } }
  }

  # An image by tag is refused there.
  expect_failures = [var.services, var.jobs]
}

run "prod_refuses_the_internet" {
  command = plan

  variables {
    env      = "prod"
    services = { telecom-churn-prod = { description = "x", image = "r/churn@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", service_account = "a@b.iam.gserviceaccount.com", min_instances = 1, max_instances = 2, ingress = "ALL" } }
  }

  expect_failures = [var.services]
}

run "prod_takes_a_digest" {
  command = plan

  variables {
    env      = "prod"
    services = { telecom-churn-prod = { description = "x", image = "r/churn@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", service_account = "a@b.iam.gserviceaccount.com", min_instances = 1, max_instances = 2 } }
  }

  assert {
    condition     = google_cloud_run_v2_service.service["telecom-churn-prod"].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "By digest and from inside is what prod takes."
  }
}

run "refuses_no_maximum_and_no_processor" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 2, max_instances = 1 } }
    jobs     = { j = { image = "r/i", service_account = "a@b.iam.gserviceaccount.com", cpu = "500m", memory = "256Mi" } }
  }

  expect_failures = [var.services, var.jobs]
}

run "refuses_default_accounts" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "123-compute@developer.gserviceaccount.com", min_instances = 0, max_instances = 1 } }
    jobs     = { j = { image = "r/i", service_account = "p@appspot.gserviceaccount.com" } }
  }

  expect_failures = [var.services, var.jobs]
}

run "refuses_secrets_in_plain_text" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, env = { SLACK_TOKEN = "xoxb" } } }
    jobs     = { j = { image = "r/i", service_account = "a@b.iam.gserviceaccount.com", env = { DB_PASSWORD = "x" } } }
  }

  expect_failures = [var.services, var.jobs]
}

run "refuses_keys_by_any_name" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, env = { OPENAI_KEY = "x" } } }
    jobs     = { j = { image = "r/i", service_account = "a@b.iam.gserviceaccount.com", env = { DB_PASS = "x" } } }
  }

  expect_failures = [var.services, var.jobs]
}

run "an_address_of_keys_is_no_secret_and_a_start_may_be_judged_otherwise" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, startup_probe = { path = "/healthz" }, env = { TELECOM_ASSISTANT_ISSUER_KEYS = "https://id.example.com/keys", COMPASS = "north" } } }
  }

  assert {
    condition     = one(one(one(one(google_cloud_run_v2_service.service["s"].template).containers).startup_probe).http_get).path == "/healthz"
    error_message = "The start is judged by the path that was given."
  }
}

run "refuses_everybody" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, iam = { "roles/run.invoker" = { all = "allUsers" } } } }
    jobs     = { j = { image = "r/i", service_account = "a@b.iam.gserviceaccount.com", iam = { "roles/run.invoker" = { all = "allUsers" } } } }
  }

  expect_failures = [var.services, var.jobs]
}

run "refuses_a_sidecar_that_cannot_scrape" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, prometheus = {} } }
  }

  expect_failures = [var.services]
}

run "refuses_a_network_that_is_not_there" {
  command = plan

  variables {
    services = { s = { description = "x", image = "r/i", service_account = "a@b.iam.gserviceaccount.com", min_instances = 0, max_instances = 1, vpc_egress = "ALL_TRAFFIC" } }
    jobs     = { j = { image = "r/i", service_account = "a@b.iam.gserviceaccount.com", vpc_egress = "ALL_TRAFFIC" } }
  }

  expect_failures = [var.services, var.jobs]
}
