# State lies in the bucket that infra/gcloud/bootstrap.sh made; `make plan` names it:
#   terraform init -backend-config=bucket=<project>-tfstate -backend-config=prefix=telecom/<env>
# Cloud Storage locks by itself: a second apply at the same time waits or fails, and no lock file lies about.
terraform {
  backend "gcs" {}
}
