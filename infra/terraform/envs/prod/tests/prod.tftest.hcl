# prod cannot be made as weak as dev, and what cannot be meant is named: both before anything is planned.

# A plan of the estate takes seconds, so that a run changes several variables at once: each must be refused by its own
# rule. A variable whose rule looks at another one is refused in a run in which that one is sound.

run "what_holds_data_stays_protected_and_nobody_waits_for_a_start" {
  command = plan
  variables {
    deletion_protection = false
    force_destroy       = true
    armor               = null
    assistant           = { day_usd = 160, callers = { agents = "group:agents@example.com" } }
    services = {
      churn      = { min_instances = 0, max_instances = 2, cpu_always = true, prometheus = {} }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.deletion_protection, var.force_destroy, var.services, var.armor, var.assistant]
}

run "what_alerts_watch_is_measured" {
  command = plan
  variables {
    uptime        = ["churn"]
    job_schedules = { release = { description = "x", schedule = "0 5 * * *" } }
    assistant     = { people = "assistant-people", day_usd = 50, callers = { agents = "group:agents@example.com" } }
    services = {
      churn      = { min_instances = 1, max_instances = 2 }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.services, var.uptime, var.job_schedules, var.assistant]
}

run "somebody_may_call_the_assistant" {
  command = plan
  variables {
    project_id = "Acme"
    region     = "mars-central9"
    buckets    = { bronze = { access = { "roles/storage.objectUser" = ["nobody"] } }, silver = {}, gold = {}, docs = {}, models = {}, pipelines = {} }
    analysts   = { all = "allAuthenticatedUsers" }
    assistant  = { people = "assistant-people", day_usd = 160 }
    budget     = { billing_account = "000000-000000-000000", amount = 5, currency = "dollars" }
    channels   = {}
    endpoint   = { number = "0" }
    quality    = { schedule = "TZ=America/Sao_Paulo 0 7 * * *", emails = ["nobody"] }
    schedules  = { scoring = { description = "x", pipeline = "churn-scoring", schedule = "daily" } }
  }
  expect_failures = [
    var.project_id, var.region, var.buckets, var.analysts, var.assistant, var.budget, var.channels, var.endpoint, var.quality,
    var.schedules,
  ]
}

run "nobody_is_kept_from_being_erased_and_only_groups_erase" {
  command = plan
  variables {
    buckets          = { bronze = { versioning = false, retention = { days = 90 } }, silver = {}, gold = {}, docs = {}, models = {}, pipelines = {} }
    privacy_officers = { ana = "user:ana@example.com" }
    job_schedules    = { privacy = { description = "x", schedule = "0 5 * * *" } }
  }
  expect_failures = [var.buckets, var.privacy_officers, var.job_schedules]
}

run "who_may_call_the_assistant_is_named" {
  command = plan
  variables {
    kms_key      = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    assistant    = { people = "assistant-people", day_usd = 160, callers = { everybody = "allUsers" } }
    online_store = { name = "Telecom" }
    services = {
      churn      = { min_instances = 3, max_instances = 2, cpu_always = true, prometheus = {} }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.kms_key, var.assistant, var.online_store, var.services]
}

run "what_lies_outside_takes_a_way_out" {
  command = plan
  variables {
    kms_key = "a-key"
    assistant = {
      day_usd     = 160
      callers     = { agents = "group:agents@example.com" }
      issuer      = "https://id.example.com"
      issuer_keys = "https://id.example.com/keys"
    }
  }
  expect_failures = [var.kms_key, var.assistant]
}

run "a_secret_is_read_by_an_account_of_ours" {
  command = plan
  variables {
    measured = ["churn"]
    channels = { for number in range(6) : "team${number}" => { type = "email", address = "team${number}@example.com" } }
    network  = { subnet_cidr = "8.8.8.0/24" }
    secrets  = { assistant-people = { description = "x", readers = ["nobody"] } }
  }
  expect_failures = [var.network, var.secrets, var.measured, var.channels]
}

run "with_a_key_of_ones_own_and_a_proxy_all_that_is_kept_is_encrypted_by_it" {
  command = plan
  variables {
    measured = ["assistant"]
    channels = {
      oncall = { type = "email", address = "oncall@example.com" }
      bus    = { type = "pubsub", address = "projects/example-telecom-2002/topics/alerts" }
    }
    kms_key = "projects/example-keys-1/locations/us-central1/keyRings/telecom/cryptoKeys/prod"
    network = { subnet_cidr = "10.20.0.0/24", internet_egress = true }
    assistant = {
      day_usd      = 160
      iap_audience = "/projects/1/global/backendServices/2"
      issuer       = "https://id.example.com"
      issuer_keys  = "https://id.example.com/keys"
    }
  }

  assert {
    condition     = module.project.kms_key == var.kms_key
    error_message = "Modules take the key from the module that lets Google's accounts use it."
  }
  assert {
    condition     = keys(module.monitoring.slos) == ["assistant", "batch"]
    error_message = "Both objectives are there once the assistant was asked."
  }
}
