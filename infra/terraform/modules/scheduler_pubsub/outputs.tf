output "topics" {
  description = "Topic => projects/…/topics/…, once it delivers: subscription, dead letters and bindings stand."
  value       = { for name, topic in google_pubsub_topic.topic : name => topic.id }
  depends_on = [
    google_pubsub_subscription.push,
    google_pubsub_subscription.dead,
    google_pubsub_subscription_iam_member.dead_letters,
    google_pubsub_topic_iam_member.dead_letters,
    google_pubsub_topic_iam_member.member,
  ]
}

output "subscriptions" {
  description = "Topic => name of its push subscription; alerts on undelivered messages watch it."
  value       = { for name, subscription in google_pubsub_subscription.push : name => subscription.name }
}

output "dead_letter_topics" {
  description = "Topic => id of its dead-letter topic."
  value       = { for name, topic in google_pubsub_topic.dead : name => topic.id }
}

output "dead_letter_subscriptions" {
  description = "Topic => name of the subscription that keeps its dead letters; alerts on dead letters watch it."
  value       = { for name, subscription in google_pubsub_subscription.dead : name => subscription.name }
}

output "jobs" {
  description = "Schedule => id, those that publish and those that call."
  value       = { for name, job in merge(google_cloud_scheduler_job.publish, google_cloud_scheduler_job.call) : name => job.id }
}
