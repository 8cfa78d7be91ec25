variables {
  project_id           = "acme-telecom"
  region               = "us-central1"
  pubsub_service_agent = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
  topics = {
    telecom-orders-dev = {
      push = {
        endpoint        = "https://telecom-dispatcher-dev-123456789012.us-central1.run.app/events"
        audience        = "https://telecom-dispatcher-dev-123456789012.us-central1.run.app"
        service_account = "telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com"
      }
    }
  }
  jobs = {
    telecom-scoring-dev    = { description = "Scores everybody.", schedule = "0 5 * * *", topic = "telecom-orders-dev", pipeline = "churn-scoring" }
    telecom-retraining-dev = { description = "Trains where it is needed.", schedule = "0 6 * * 1", topic = "telecom-orders-dev", pipeline = "churn-retraining", parameters = { deploy = "batch" } }
    telecom-automl-dev     = { description = "Compares with AutoML.", schedule = "0 7 1 * *", topic = "telecom-orders-dev", pipeline = "churn-automl", parameters = { minutes = 60 }, paused = true }
  }
}

run "as_the_dispatcher_wants_it" {
  command = apply

  variables {
    http_jobs = {
      telecom-evaluate-dev = {
        description     = "Looks at the last day."
        schedule        = "0 8 * * *"
        uri             = "https://telecom-jobs-dev-123456789012.us-central1.run.app/evaluate"
        audience        = "https://telecom-jobs-dev-123456789012.us-central1.run.app"
        service_account = "telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com"
        body            = "{}"
      }
      telecom-job-dev = {
        description     = "Starts a job of Cloud Run."
        schedule        = "0 9 * * *"
        uri             = "https://run.googleapis.com/v2/projects/acme-telecom/locations/us-central1/jobs/telecom-job-dev:run"
        oauth           = true
        service_account = "telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com"
      }
    }
  }

  # The table in docs/mlops/dispatcher.md.
  assert {
    condition     = google_pubsub_subscription.push["telecom-orders-dev"].ack_deadline_seconds == 120 && google_pubsub_subscription.push["telecom-orders-dev"].message_retention_duration == "86400s" && one(google_pubsub_subscription.push["telecom-orders-dev"].expiration_policy).ttl == ""
    error_message = "120 s to answer, a day of retention, never expiring."
  }
  assert {
    condition     = one(google_pubsub_subscription.push["telecom-orders-dev"].retry_policy).minimum_backoff == "10s" && one(google_pubsub_subscription.push["telecom-orders-dev"].retry_policy).maximum_backoff == "600s"
    error_message = "Repeated after 10 s to 600 s."
  }
  assert {
    condition     = one(google_pubsub_subscription.push["telecom-orders-dev"].dead_letter_policy).max_delivery_attempts == 5 && one(google_pubsub_subscription.push["telecom-orders-dev"].dead_letter_policy).dead_letter_topic == google_pubsub_topic.dead["telecom-orders-dev"].id
    error_message = "After five attempts a message is a dead letter."
  }
  assert {
    condition     = one(one(google_pubsub_subscription.push["telecom-orders-dev"].push_config).oidc_token).service_account_email == "telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com" && one(one(google_pubsub_subscription.push["telecom-orders-dev"].push_config).oidc_token).audience == "https://telecom-dispatcher-dev-123456789012.us-central1.run.app"
    error_message = "Pushes carry a token of the scheduler's account, for the dispatcher."
  }
  assert {
    condition     = google_pubsub_subscription.push["telecom-orders-dev"].enable_message_ordering == false
    error_message = "Order does not matter, and one bad order must not hold up others."
  }
  assert {
    condition     = google_pubsub_subscription.dead["telecom-orders-dev"].topic == google_pubsub_topic.dead["telecom-orders-dev"].id && google_pubsub_subscription.dead["telecom-orders-dev"].message_retention_duration == "604800s"
    error_message = "Dead letters are kept for a week, by a subscription of their own."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead_letters["telecom-orders-dev"].role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.dead_letters["telecom-orders-dev"].topic == "telecom-orders-dev-dead" && google_pubsub_topic_iam_member.dead_letters["telecom-orders-dev"].member == var.pubsub_service_agent
    error_message = "Pub/Sub's agent may publish dead letters."
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.dead_letters["telecom-orders-dev"].role == "roles/pubsub.subscriber" && google_pubsub_subscription_iam_member.dead_letters["telecom-orders-dev"].subscription == "telecom-orders-dev-push"
    error_message = "Pub/Sub's agent may acknowledge what became a dead letter."
  }
  assert {
    condition     = base64decode(one(google_cloud_scheduler_job.publish["telecom-scoring-dev"].pubsub_target).data) == "{\"pipeline\":\"churn-scoring\"}"
    error_message = "What is left out is not in the order: ${base64decode(one(google_cloud_scheduler_job.publish["telecom-scoring-dev"].pubsub_target).data)}"
  }
  assert {
    condition     = jsondecode(base64decode(one(google_cloud_scheduler_job.publish["telecom-retraining-dev"].pubsub_target).data)) == { pipeline = "churn-retraining", parameters = { deploy = "batch" } }
    error_message = "Parameters are in the order."
  }
  assert {
    condition     = base64decode(one(google_cloud_scheduler_job.publish["telecom-automl-dev"].pubsub_target).data) == "{\"parameters\":{\"minutes\":60},\"pipeline\":\"churn-automl\"}" && google_cloud_scheduler_job.publish["telecom-automl-dev"].paused
    error_message = "Minutes are a number, not text."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.publish : job.time_zone == "America/Sao_Paulo" && one(job.pubsub_target).topic_name == google_pubsub_topic.topic["telecom-orders-dev"].id])
    error_message = "Schedules are in local time and publish on the topic."
  }
  assert {
    condition     = one(one(google_cloud_scheduler_job.call["telecom-evaluate-dev"].http_target).oidc_token).audience == "https://telecom-jobs-dev-123456789012.us-central1.run.app" && length(one(google_cloud_scheduler_job.call["telecom-evaluate-dev"].http_target).oauth_token) == 0
    error_message = "Calls carry an OIDC token."
  }
  assert {
    condition     = one(one(google_cloud_scheduler_job.call["telecom-job-dev"].http_target).oauth_token).scope == "https://www.googleapis.com/auth/cloud-platform" && one(one(google_cloud_scheduler_job.call["telecom-job-dev"].http_target).oauth_token).service_account_email == "telecom-scheduler-dev@acme-telecom.iam.gserviceaccount.com" && length(one(google_cloud_scheduler_job.call["telecom-job-dev"].http_target).oidc_token) == 0 && one(google_cloud_scheduler_job.call["telecom-job-dev"].http_target).http_method == "POST"
    error_message = "Google's own APIs are called with an OAuth token."
  }
  assert {
    condition     = output.dead_letter_subscriptions["telecom-orders-dev"] == "telecom-orders-dev-dead-pull" && output.subscriptions["telecom-orders-dev"] == "telecom-orders-dev-push" && length(output.jobs) == 5
    error_message = "Outputs are what alerts watch."
  }
}

# Rules of http_jobs ask jobs, and those of jobs ask topics: Terraform looks at none of them where what they ask is refused.

run "refuses_an_agent_that_is_none_and_a_push_to_somebody_else" {
  command = plan

  variables {
    pubsub_service_agent = "serviceAccount:telecom-mlops-dev@acme-telecom.iam.gserviceaccount.com"
    topics               = { telecom-orders-dev = { push = { endpoint = "https://evil.example/events", audience = "https://telecom-dispatcher-dev-1.us-central1.run.app", service_account = "a@b.iam.gserviceaccount.com" } } }
  }

  expect_failures = [var.pubsub_service_agent, var.topics]
}

run "refuses_fewer_than_five_attempts" {
  command = plan

  variables {
    topics = { telecom-orders-dev = { attempts = 3, push = { endpoint = "https://d.run.app/events", audience = "https://d.run.app", service_account = "a@b.iam.gserviceaccount.com" } } }
  }

  expect_failures = [var.topics]
}

run "refuses_an_unknown_pipeline" {
  command = plan

  variables {
    jobs = { j = { description = "x", schedule = "0 5 * * *", topic = "telecom-orders-dev", pipeline = "churn-everything" } }
  }

  expect_failures = [var.jobs]
}

run "refuses_a_parameter_of_another_pipeline" {
  command = plan

  variables {
    jobs = { j = { description = "x", schedule = "0 5 * * *", topic = "telecom-orders-dev", pipeline = "churn-scoring", parameters = { minutes = 60 } } }
  }

  expect_failures = [var.jobs]
}

run "refuses_a_topic_that_is_not_there" {
  command = plan

  variables {
    jobs = { j = { description = "x", schedule = "0 5 * * *", topic = "other", pipeline = "churn-scoring" } }
  }

  expect_failures = [var.jobs]
}

run "refuses_a_schedule_that_is_none" {
  command = plan

  variables {
    jobs = { j = { description = "x", schedule = "daily", topic = "telecom-orders-dev", pipeline = "churn-scoring" } }
  }

  expect_failures = [var.jobs]
}

run "refuses_a_call_without_https" {
  command = plan

  variables {
    http_jobs = { h = { description = "x", schedule = "0 5 * * *", service_account = "a@b.iam.gserviceaccount.com", uri = "http://d.run.app/x", audience = "http://d.run.app" } }
  }

  expect_failures = [var.http_jobs]
}

run "refuses_googles_token_for_somebody_else" {
  command = plan

  variables {
    http_jobs = { h = { description = "x", schedule = "0 5 * * *", service_account = "a@b.iam.gserviceaccount.com", uri = "https://run.googleapis.com.evil.example/v2/x:run", oauth = true } }
  }

  expect_failures = [var.http_jobs]
}

run "refuses_one_name_twice" {
  command = plan

  variables {
    http_jobs = { telecom-scoring-dev = { description = "x", schedule = "0 5 * * *", service_account = "a@b.iam.gserviceaccount.com", uri = "https://d.run.app/x", audience = "https://d.run.app" } }
  }

  expect_failures = [var.http_jobs]
}
