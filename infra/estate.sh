#!/usr/bin/env bash
# usage: infra/estate.sh plan|apply|destroy dev|prod [terraform's own options]
#   plan     shows what would change, has our policies judge it (docs/infra/policies.md) and keeps it as <env>.tfplan
#   apply    applies exactly that plan, and nothing else
#   destroy  asks, then removes everything
# TELECOM_PROJECT is the project; its state is in gs://$TELECOM_PROJECT-tfstate, unless TELECOM_STATE_BUCKET names another.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=$root/.venv/bin/python
cd infra/terraform/envs

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
echo "$verb $env in project $TELECOM_PROJECT"
command -v terraform >/dev/null || fail 5 "terraform is missing." "→ Install terraform 1.11 or newer."
shift 2

cd "$env"
plan=$env.tfplan
# Beside the plan: the project that it was made for. *.tfplan is in .gitignore.
planned=$env.project.tfplan
case $verb in
  plan)
    [ -x "$python" ] || fail 5 "There is no $python, with which the plan is judged." "→ make .venv/.run-ready"
    rm -f "$plan" "$planned"
    ;;
  apply)
    [ -f "$plan" ] && [ -f "$planned" ] || fail 2 "There is no $plan." "→ make plan ENV=$env, read it, then apply it."
    [ "$(cat "$planned")" = "$TELECOM_PROJECT" ] ||
      fail 2 "$plan is for project $(cat "$planned"), and TELECOM_PROJECT is $TELECOM_PROJECT." "→ make plan ENV=$env"
    ;;
esac
# A committed lock file is kept to; without one, the newest provider that versions.tf allows is taken.
lock=()
[ ! -f .terraform.lock.hcl ] || lock=(-lockfile=readonly)
terraform init -input=false -reconfigure "${lock[@]}" \
  -backend-config="bucket=${TELECOM_STATE_BUCKET:-$TELECOM_PROJECT-tfstate}" -backend-config="prefix=telecom/$env"

# The plan as JSON holds what is sensitive in plain text, so that it goes again.
judge() {
  local scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder's name as it is now
  trap "rm -rf '$scratch'" EXIT
  terraform show -json "$plan" >"$scratch/$env.json"
  (cd "$root" && "$python" -m tools.infra_policies --env "$env" "$scratch/$env.json")
}

# Whoever else plans or applies is waited for. A run that was killed keeps the lock: docs/operations/delivery.md, "Back".
waits=(-lock-timeout=5m)
values=(-var="project_id=$TELECOM_PROJECT" -var=bootstrapped=true)
case $verb in
  plan)
    terraform plan -input=false "${waits[@]}" "${values[@]}" -out="$plan" "$@"
    judge || { rm -f "$plan"; fail 4 "The plan is not kept: our policies refuse it." "→ docs/infra/policies.md"; }
    printf '%s\n' "$TELECOM_PROJECT" >"$planned"
    echo "→ make apply ENV=$env applies this plan to $TELECOM_PROJECT."
    ;;
  apply)
    terraform apply -input=false "${waits[@]}" "$plan" "$@"
    rm "$plan" "$planned"
    ;;
  destroy)
    rm -f "$plan" "$planned"
    # The ci-cd account and GitHub's way in go too; infra/gcloud/bootstrap.sh brings them back.
    terraform destroy "${waits[@]}" "${values[@]}" "$@"
    ;;
esac
