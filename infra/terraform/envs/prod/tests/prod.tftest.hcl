# prod cannot be made as weak as dev: what dev's values allow is refused here before anything is planned.

# A plan of the estate takes seconds, so that a run weakens several values at once: each must be refused by its own rule.

run "what_holds_data_stays_protected_and_nobody_waits_for_a_start" {
  command = plan
  variables {
    deletion_protection = false
    force_destroy       = true
    armor               = null
    assistant           = { day_usd = 160 }
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
    search        = { location = "eu" }
    job_schedules = { release = { description = "x", schedule = "0 5 * * *" } }
    assistant     = { people = "assistant-people", day_usd = 50 }
    services = {
      churn      = { min_instances = 1, max_instances = 2 }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.services, var.uptime, var.search, var.job_schedules, var.assistant]
}
