output "database" {
  description = "Full name of the database (projects/…/databases/…), once its index and its time to live stand."
  value       = google_firestore_database.this.id
  depends_on  = [google_firestore_index.newest, google_firestore_field.unindexed]
}
