output "buckets" {
  description = "Layer => { name, url, id } of its bucket, once who may use it is bound."
  value = {
    for key, bucket in google_storage_bucket.bucket : key => {
      id   = bucket.id
      name = bucket.name
      url  = bucket.url
    }
  }
  depends_on = [google_storage_bucket_iam_member.member]
}

output "names" {
  description = "Layer => name of its bucket."
  value       = { for key, bucket in google_storage_bucket.bucket : key => bucket.name }
  depends_on  = [google_storage_bucket_iam_member.member]
}
