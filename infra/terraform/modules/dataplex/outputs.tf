output "lake_id" {
  description = "Id of the lake; waits for its iam."
  value       = google_dataplex_lake.this.id
  depends_on  = [google_dataplex_lake_iam_member.this]
}

output "lake_service_account" {
  description = "Dataplex's service agent, which needs roles/dataplex.serviceAgent on what the assets name."
  value       = google_dataplex_lake.this.service_account
}

output "zones" {
  description = "Ids of the zones by name."
  value       = { for name, zone in google_dataplex_zone.this : name => zone.id }
}

output "assets" {
  description = "Ids of the assets by `zone/bucket/key` or `zone/dataset/key`."
  value       = { for key, asset in google_dataplex_asset.this : key => asset.id }
}

output "quality_scans" {
  description = "Ids of the data quality scans by full table name."
  value       = { for name, scan in google_dataplex_datascan.quality : name => scan.id }
}
