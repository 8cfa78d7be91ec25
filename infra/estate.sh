#!/usr/bin/env bash
# usage: infra/estate.sh plan|apply|destroy dev|prod [terraform's own options]
#   plan     shows what would change and keeps it as <env>.tfplan
#   apply    applies exactly that plan, and nothing else
#   destroy  asks, then removes everything
# TELECOM_PROJECT is the project; its state is in gs://$TELECOM_PROJECT-tfstate, unless TELECOM_STATE_BUCKET names another.
set -euo pipefail
cd "$(dirname "$0")/terraform/envs"

fail() {
  printf '%s\n' "${@:2}" >&2
  exit "$1"
}

verb=${1:-} env=${2:-}
case $verb in
  plan | apply | destroy) ;;
  *) fail 2 "'$verb' is not understood." "→ infra/estate.sh plan|apply|destroy dev|prod" ;;
esac
[[ $env =~ ^(dev|prod)$ ]] || fail 2 "ENV is '$env'." "→ Write dev or prod, as in: make $verb ENV=dev"
[ -n "${TELECOM_PROJECT:-}" ] || fail 2 "TELECOM_PROJECT is empty." "→ export TELECOM_PROJECT=the project of $env"
command -v terraform >/dev/null || fail 5 "terraform is missing." "→ Install terraform 1.11 or newer."
shift 2

cd "$env"
plan=$env.tfplan
# A committed lock file is kept to; without one, the newest provider that versions.tf allows is taken.
lock=()
[ ! -f .terraform.lock.hcl ] || lock=(-lockfile=readonly)
terraform init -input=false -reconfigure "${lock[@]}" \
  -backend-config="bucket=${TELECOM_STATE_BUCKET:-$TELECOM_PROJECT-tfstate}" -backend-config="prefix=telecom/$env"

values=(-var="project_id=$TELECOM_PROJECT" -var=bootstrapped=true)
case $verb in
  plan)
    terraform plan "${values[@]}" -out="$plan" "$@"
    echo "→ make apply ENV=$env applies this plan."
    ;;
  apply)
    [ -f "$plan" ] || fail 2 "There is no $env.tfplan." "→ make plan ENV=$env, read it, then apply it."
    terraform apply -input=false "$plan" "$@"
    rm "$plan"
    ;;
  destroy)
    rm -f "$plan"
    # The ci-cd account and GitHub's way in go too; infra/gcloud/bootstrap.sh brings them back.
    terraform destroy "${values[@]}" "$@"
    ;;
esac
