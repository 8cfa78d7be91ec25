resource "google_storage_bucket_iam_member" "member" {
  for_each = local.iam

  bucket = google_storage_bucket.bucket[each.value.bucket].name
  role   = each.value.role
  member = each.value.member
}

# Cloud Storage refuses to make a bucket whose key its own account may not use.
resource "google_kms_crypto_key_iam_member" "storage" {
  for_each = var.storage_service_agent == null ? {} : merge(
    var.kms_key == null ? {} : { all = var.kms_key },
    { for key, bucket in var.buckets : key => bucket.kms_key if bucket.kms_key != null },
  )

  crypto_key_id = each.value
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = var.storage_service_agent
}
