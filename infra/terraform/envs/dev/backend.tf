# State lies in the bucket that infra/gcloud/bootstrap.sh made; `make plan` names it:
#   terraform init -backend-config=bucket=<project>-tfstate -backend-config=prefix=telecom/<env>
# A lock is an object beside the state, telecom/<env>/default.tflock: a second run waits for it, five minutes at most.
# A run that was killed leaves it; `terraform force-unlock` takes it away (docs/operations/delivery.md, "Back").
terraform {
  backend "gcs" {}
}
