output "datasets" {
  description = "Dataset ids (the part after the project) by key; wait for the iam of the dataset."
  value       = { for id, dataset in google_bigquery_dataset.this : id => dataset.dataset_id }
  depends_on  = [google_bigquery_dataset_access.member]
}

output "table_ids" {
  description = "Ids (projects/P/datasets/D/tables/T) of the contract tables by full name `dataset.table`. For modules dataplex, data_catalog and vertex_ai."
  value       = { for name, table in google_bigquery_table.this : name => table.id }
  depends_on  = [google_bigquery_dataset_access.member, google_bigquery_table_iam_member.member]
}

output "views" {
  description = "Ids of the analysts' views by name; wait for their authorisation on the source datasets."
  value       = { for name, view in google_bigquery_table.view : name => view.id }
  depends_on  = [google_bigquery_dataset_access.view, google_bigquery_dataset_access.member]
}

output "contracts" {
  description = "What was read from each contract: dataset, partition and cluster columns, primary key, tagged columns. For inventories and tests."
  value       = local.inventory
}
