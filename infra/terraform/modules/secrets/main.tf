locals {
  iam = merge(flatten([
    for name, secret in var.secrets : [
      for role, members in secret.iam : {
        for key, member in members : "${name}/${role}/${key}" => { secret = name, role = role, member = member }
      }
    ]
  ])...)
}

resource "google_secret_manager_secret" "secret" {
  for_each = var.secrets

  project             = var.project_id
  secret_id           = each.key
  annotations         = { description = each.value.description }
  version_destroy_ttl = each.value.version_destroy_ttl
  deletion_protection = var.deletion_protection
  labels              = merge(var.labels, each.value.labels)

  replication {
    dynamic "auto" {
      for_each = length(var.locations) == 0 ? { auto = lookup(var.kms_keys, "global", null) } : {}

      content {
        dynamic "customer_managed_encryption" {
          for_each = auto.value == null ? {} : { key = auto.value }

          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }

    dynamic "user_managed" {
      for_each = length(var.locations) == 0 ? {} : { chosen = sort(var.locations) }

      content {
        dynamic "replicas" {
          for_each = user_managed.value

          content {
            location = replicas.value

            dynamic "customer_managed_encryption" {
              for_each = lookup(var.kms_keys, replicas.value, null) == null ? {} : { key = var.kms_keys[replicas.value] }

              content {
                kms_key_name = customer_managed_encryption.value
              }
            }
          }
        }
      }
    }
  }
}

# The value is write-only: it goes to Secret Manager and is kept neither in a plan nor in the state.
resource "google_secret_manager_secret_version" "version" {
  for_each = { for name, secret in var.secrets : name => secret.value_version if secret.value_version != null }

  secret                 = google_secret_manager_secret.secret[each.key].id
  secret_data_wo         = var.values[each.key]
  secret_data_wo_version = each.value
  # A revision that names the old version still starts.
  deletion_policy = "ABANDON"
}
