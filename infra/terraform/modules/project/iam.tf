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
