output "taxonomy" {
  description = "Resource name of the taxonomy."
  value       = google_data_catalog_taxonomy.pii.name
}

output "policy_tags" {
  description = "Resource name of the policy tag of each PII class; wait for readers and masks, so that no column is tagged before somebody may read it. For module bigquery."
  value       = { for class, tag in google_data_catalog_policy_tag.pii : class => tag.name }
  depends_on = [
    google_data_catalog_policy_tag_iam_member.reader,
    google_bigquery_datapolicy_data_policy_iam_member.masked_reader,
  ]
}

output "data_policies" {
  description = "Ids of the masking policies by PII class."
  value       = { for class, policy in google_bigquery_datapolicy_data_policy.mask : class => policy.id }
  depends_on  = [google_bigquery_datapolicy_data_policy_iam_member.masked_reader]
}

output "aspect_types" {
  description = "Resource names of the aspect types by short name."
  value       = { for name, type in google_dataplex_aspect_type.this : name => type.name }
}

output "entries" {
  description = "Catalogue entries that carry our aspects, by full table name."
  value       = { for name, entry in google_dataplex_entry.table : name => entry.id }
}
