locals {
  topic_iam = merge(flatten([
    for name, topic in var.topics : [
      for role, members in topic.iam : {
        for key, member in members : "${name}/${role}/${key}" => { topic = name, role = role, member = member }
      }
    ]
  ])...)

  # The dispatcher refuses what it does not know, so that a parameter left out must not be there as null.
  orders = {
    for name, job in var.jobs : name => jsonencode(merge(
      { pipeline = job.pipeline },
      length([for parameter in values(job.parameters) : parameter if parameter != null]) == 0 ? {} : {
        parameters = { for parameter, value in job.parameters : parameter => value if value != null }
      },
    ))
  }
}

resource "google_pubsub_topic" "topic" {
  for_each = var.topics

  # checkov:skip=CKV_GCP_83:A key of one's own is an option (kms_key); an order names a pipeline and a day.
  project      = var.project_id
  name         = each.key
  kms_key_name = var.kms_key
  labels       = merge(var.labels, each.value.labels)

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_topic" "dead" {
  for_each = var.topics

  # checkov:skip=CKV_GCP_83:A key of one's own is an option (kms_key); an order names a pipeline and a day.
  project      = var.project_id
  name         = "${each.key}-dead"
  kms_key_name = var.kms_key
  labels       = merge(var.labels, each.value.labels)

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_subscription" "push" {
  for_each = var.topics

  project                    = var.project_id
  name                       = "${each.key}-push"
  topic                      = google_pubsub_topic.topic[each.key].id
  ack_deadline_seconds       = each.value.ack_seconds
  message_retention_duration = "${each.value.retention_seconds}s"
  enable_message_ordering    = false
  labels                     = merge(var.labels, each.value.labels)

  push_config {
    push_endpoint = each.value.push.endpoint

    oidc_token {
      service_account_email = each.value.push.service_account
      audience              = each.value.push.audience
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.backoff_seconds.least}s"
    maximum_backoff = "${each.value.backoff_seconds.longest}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.key].id
    max_delivery_attempts = each.value.attempts
  }

  # Never: one that is used once a month must stay.
  expiration_policy {
    ttl = ""
  }

  # Without a subscription and the right to publish there, what is given up would be lost.
  depends_on = [google_pubsub_subscription.dead, google_pubsub_topic_iam_member.dead_letters]
}

resource "google_pubsub_subscription" "dead" {
  for_each = var.topics

  project                    = var.project_id
  name                       = "${each.key}-dead-pull"
  topic                      = google_pubsub_topic.dead[each.key].id
  ack_deadline_seconds       = 60
  message_retention_duration = "${each.value.dead_letter_days * 86400}s"
  labels                     = merge(var.labels, each.value.labels)

  expiration_policy {
    ttl = ""
  }
}

resource "google_cloud_scheduler_job" "publish" {
  for_each = var.jobs

  project     = var.project_id
  region      = var.region
  name        = each.key
  description = each.value.description
  schedule    = each.value.schedule
  time_zone   = each.value.time_zone
  paused      = each.value.paused

  pubsub_target {
    topic_name = google_pubsub_topic.topic[each.value.topic].id
    data       = base64encode(local.orders[each.key])
  }

  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
  }

  # The first order must find somebody who takes it.
  depends_on = [google_pubsub_subscription.push, google_pubsub_subscription_iam_member.dead_letters]
}

resource "google_cloud_scheduler_job" "call" {
  for_each = var.http_jobs

  project          = var.project_id
  region           = var.region
  name             = each.key
  description      = each.value.description
  schedule         = each.value.schedule
  time_zone        = each.value.time_zone
  paused           = each.value.paused
  attempt_deadline = "${each.value.deadline_seconds}s"

  http_target {
    uri         = each.value.uri
    http_method = each.value.method
    headers     = each.value.headers
    body        = each.value.body == null ? null : base64encode(each.value.body)

    # Google's own APIs take OAuth tokens, everybody else's services OIDC tokens for them alone.
    dynamic "oauth_token" {
      for_each = each.value.oauth ? [each.value.service_account] : []

      content {
        service_account_email = oauth_token.value
        scope                 = "https://www.googleapis.com/auth/cloud-platform"
      }
    }

    dynamic "oidc_token" {
      for_each = each.value.oauth ? [] : [each.value.service_account]

      content {
        service_account_email = oidc_token.value
        audience              = each.value.audience
      }
    }
  }

  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
  }
}
