# Each of Google's services refuses to make something with a key that its own account may not use. A key of another
# project stays that project's: the binding is on the key alone.
resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = var.kms_key == null ? {} : { for name in local.key_users : name => local.service_agents[name] }

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value

  depends_on = [google_project_service.service]
}

# Authoritative for the service that it names, unlike the bindings elsewhere: what is on record is decided here alone.
resource "google_project_iam_audit_config" "audit" {
  for_each = local.audit_logs

  project = var.project_id
  service = each.key

  dynamic "audit_log_config" {
    for_each = each.value

    content {
      log_type = audit_log_config.value
    }
  }
}
