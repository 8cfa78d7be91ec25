locals {
  day = 86400
  iam = merge(flatten([
    for id, repository in var.repositories : [
      for role, members in repository.iam : {
        for key, member in members : "${id}/${role}/${key}" => { repository = id, role = role, member = member }
      }
    ]
  ])...)
}

resource "google_artifact_registry_repository" "repository" {
  for_each = var.repositories

  # checkov:skip=CKV_GCP_84:A key of one's own is an option (kms_key); images hold code, no personal data.
  project                = var.project_id
  location               = var.region
  repository_id          = each.key
  description            = each.value.description
  format                 = "DOCKER"
  kms_key_name           = var.kms_key
  labels                 = merge(var.labels, each.value.labels)
  cleanup_policy_dry_run = each.value.cleanup_dry_run

  docker_config {
    immutable_tags = each.value.immutable_tags
  }

  vulnerability_scanning_config {
    enablement_config = each.value.scanning ? "INHERITED" : "DISABLED"
  }

  # Where a version is named by both, keeping wins over deleting.
  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = each.value.keep_versions
    }
  }

  dynamic "cleanup_policies" {
    for_each = length(each.value.keep_tags) == 0 ? {} : { keep-tags = sort(each.value.keep_tags) }

    content {
      id     = cleanup_policies.key
      action = "KEEP"

      condition {
        tag_state    = "TAGGED"
        tag_prefixes = cleanup_policies.value
      }
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "${each.value.untagged_days * local.day}s"
    }
  }

  dynamic "cleanup_policies" {
    for_each = each.value.tagged_days == null ? {} : { delete-tagged = each.value.tagged_days }

    content {
      id     = cleanup_policies.key
      action = "DELETE"

      condition {
        tag_state  = "TAGGED"
        older_than = "${cleanup_policies.value * local.day}s"
      }
    }
  }
}
