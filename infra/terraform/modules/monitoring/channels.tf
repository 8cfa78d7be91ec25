locals {
  channel_types = { email = "email", slack = "slack", webhook = "webhook_basicauth", pubsub = "pubsub" }
  channel_labels = {
    for key, channel in var.channels : key => {
      email   = { email_address = channel.address }
      slack   = { channel_name = channel.address }
      webhook = { url = channel.address, username = channel.username }
      pubsub  = { topic = channel.address }
    }[channel.type]
  }
  # Which channels have a secret is no secret.
  secret_keys = nonsensitive(keys(var.channel_secrets))
}

resource "google_monitoring_notification_channel" "this" {
  for_each = var.channels

  project      = var.project_id
  display_name = "telecom ${each.key} (${var.env})"
  type         = local.channel_types[each.value.type]
  labels       = local.channel_labels[each.key]
  user_labels  = local.labels
  # Policies that name it go first.
  force_delete = false

  dynamic "sensitive_labels" {
    for_each = contains(local.secret_keys, each.key) ? [each.value.type] : []

    content {
      auth_token = sensitive_labels.value == "slack" ? var.channel_secrets[each.key] : null
      password   = sensitive_labels.value == "webhook" ? var.channel_secrets[each.key] : null
    }
  }

  lifecycle {
    precondition {
      condition     = !contains(["slack", "webhook"], each.value.type) || contains(local.secret_keys, each.key)
      error_message = "The channel ${each.key} is of type ${each.value.type} and has no entry in channel_secrets. Add its token or password."
    }
  }
}
