resource "google_pubsub_topic_iam_member" "member" {
  for_each = local.topic_iam

  project = var.project_id
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = each.value.role
  member  = each.value.member
}

# Pub/Sub itself moves dead letters: it publishes there, and acknowledges here.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  for_each = var.topics

  project = var.project_id
  topic   = google_pubsub_topic.dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = var.pubsub_service_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = var.topics

  project      = var.project_id
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = var.pubsub_service_agent
}
