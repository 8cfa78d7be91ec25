# prod cannot be made as weak as dev: what dev's values allow is refused here before anything is planned.

run "what_holds_data_stays_protected" {
  command = plan
  variables {
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "destroy_takes_nothing_that_terraform_did_not_make" {
  command = plan
  variables {
    force_destroy = true
  }
  expect_failures = [var.force_destroy]
}

run "nobody_waits_for_a_start" {
  command = plan
  variables {
    services = {
      churn      = { min_instances = 0, max_instances = 2, cpu_always = true, prometheus = {} }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.services]
}

run "what_alerts_watch_is_measured" {
  command = plan
  variables {
    uptime = ["churn"]
    services = {
      churn      = { min_instances = 1, max_instances = 2 }
      assistant  = { min_instances = 1, max_instances = 2, cpu_always = true, prometheus = {} }
      dispatcher = { min_instances = 0, max_instances = 1 }
    }
  }
  expect_failures = [var.services, var.uptime]
}
