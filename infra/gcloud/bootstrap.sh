#!/usr/bin/env bash
# What must exist before Terraform's first apply: its state bucket, GitHub's way in without keys, and the ci-cd account.
# Run it again at any time: what is there stays, what differs is put right. docs/infra/README.md says when to run it.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: infra/gcloud/bootstrap.sh --project ID --env dev|prod --repository OWNER/NAME --owner-id N --repository-id N
         [--region us-central1] [--branch main]... [--tags PREFIX] [--environment NAME]... [--event NAME]... [--kms-key KEY]
         [--dry-run]

  --project        project of this environment; it exists and has billing
  --repository     GitHub repository, for people to read; the two numbers decide:
  --owner-id         gh api users/OWNER --jq .id
  --repository-id    gh api repos/OWNER/NAME --jq .id
  --branch         branches whose runs get in (main)
  --tags           how the names of tags begin whose runs get in, such as v (no tags); the same as github.tags of Terraform
  --environment    GitHub environments of which a job must use one; prod needs one
  --event          what may start such a run (push, schedule, workflow_dispatch); the same as github.events of Terraform
  --kms-key        key of the state bucket, projects/…/cryptoKeys/…; Google's without it. The accounts that use it are made, too
  --dry-run        prints the gcloud commands that a project with none of it gets, and runs none
TEXT
}

fail() {
  printf '%s\n' "$@" >&2
  exit 2
}

say() { printf '%s\n' "$*" >&2; }

project='' env='' region=us-central1 repository='' owner_id='' repository_id='' tags='' kms_key='' dry_run=''
branches=() environments=() events=()
while [ $# -gt 0 ]; do
  option=$1
  case $option in
    --dry-run) dry_run=yes; shift; continue ;;
    -h | --help) usage; exit 0 ;;
    --*) [ $# -ge 2 ] || fail "$option needs a value." "→ infra/gcloud/bootstrap.sh --help" ;;
    *) fail "'$option' is not understood." "→ infra/gcloud/bootstrap.sh --help" ;;
  esac
  case $option in
    --project) project=$2 ;;
    --env) env=$2 ;;
    --region) region=$2 ;;
    --repository) repository=$2 ;;
    --owner-id) owner_id=$2 ;;
    --repository-id) repository_id=$2 ;;
    --kms-key) kms_key=$2 ;;
    --branch) branches+=("$2") ;;
    --tags) tags=$2 ;;
    --environment) environments+=("$2") ;;
    --event) events+=("$2") ;;
    *) fail "'$option' is not understood." "→ infra/gcloud/bootstrap.sh --help" ;;
  esac
  shift 2
done
[ ${#branches[@]} -gt 0 ] || branches=(main)
[ ${#events[@]} -gt 0 ] || events=(push schedule workflow_dispatch)

# name, value, pattern, example
must() {
  [[ $2 =~ $3 ]] || fail "$1 is '$2'." "→ Write it as $4."
}
must --project "$project" '^[a-z][-a-z0-9]{4,28}[a-z0-9]$' my-project-123
must --env "$env" '^(dev|prod)$' 'dev or prod'
must --region "$region" '^[a-z]+-[a-z]+[0-9]{1,2}$' us-central1
must --repository "$repository" '^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$' owner/name
must --owner-id "$owner_id" '^[1-9][0-9]*$' 'a number: gh api users/OWNER --jq .id'
must --repository-id "$repository_id" '^[1-9][0-9]*$' 'a number: gh api repos/OWNER/NAME --jq .id'
must --kms-key "$kms_key" '^(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)?$' 'projects/…/cryptoKeys/…'
must --tags "$tags" '^([A-Za-z0-9][A-Za-z0-9._/-]*)?$' 'how their names begin, such as v, no pattern'
for name in "${branches[@]}" "${environments[@]}"; do
  must "--branch or --environment" "$name" '^[A-Za-z0-9][A-Za-z0-9._/-]*$' 'one name, no pattern'
done
for event in "${events[@]}"; do
  must --event "$event" '^(push|schedule|workflow_dispatch)$' 'push, schedule or workflow_dispatch'
done
[ "$env" = dev ] || [ ${#environments[@]} -gt 0 ] ||
  fail "prod has no --environment." "→ Name a GitHub environment, whose reviewers and branch rules then guard deployments."
[ -n "$dry_run" ] || command -v gcloud >/dev/null ||
  { printf '%s\n' "gcloud is missing." "→ Install the Google Cloud CLI, then: gcloud auth login" >&2; exit 5; }

# What Terraform, the look for leftovers and the accounts below need; the module `project` turns on the rest.
apis=(
  aiplatform artifactregistry cloudasset cloudbilling cloudquotas cloudresourcemanager dataplex iam iamcredentials
  monitoring pubsub secretmanager serviceusage storage sts
)
# Google's own accounts that Terraform binds. That their API is on does not make them; asking for them does.
agents=(aiplatform artifactregistry dataplex monitoring pubsub secretmanager)
# With a key of one's own Terraform lets more of them use it, whose services it has not turned on yet.
key_users=(firestore run)
[ -z "$kms_key" ] || { apis+=("${key_users[@]}"); agents+=("${key_users[@]}"); }
bucket="$project-tfstate"
account="telecom-cicd-$env"
email="$account@$project.iam.gserviceaccount.com"
pool=github
provider=github
at_pool=(--project="$project" --location=global)
at_provider=("${at_pool[@]}" --workload-identity-pool="$pool")

# ["a","b"], sorted: as Terraform writes lists, so that its first plan finds the condition as it would write it.
list() {
  local joined
  joined=$(printf '"%s"\n' "$@" | LC_ALL=C sort -u | paste -sd, -)
  printf '[%s]' "$joined"
}
condition="assertion.repository_owner_id == \"$owner_id\" && assertion.repository_id == \"$repository_id\""
refs="assertion.ref_type == \"branch\" && assertion.ref in $(list "${branches[@]/#/refs/heads/}")"
tag="assertion.ref_type == \"tag\" && assertion.ref.startsWith(\"refs/tags/$tags\")"
[ -z "$tags" ] || refs="(($refs) || ($tag))"
condition+=" && $refs"
condition+=" && assertion.event_name in $(list "${events[@]}")"
mapping='google.subject=assertion.sub,attribute.repository=assertion.repository'
mapping+=',attribute.repository_id=assertion.repository_id,attribute.repository_owner_id=assertion.repository_owner_id'
mapping+=',attribute.ref=assertion.ref'
if [ ${#environments[@]} -gt 0 ]; then
  condition+=" && assertion.environment in $(list "${environments[@]}")"
  mapping+=',attribute.environment=assertion.environment'
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Changes something; with --dry-run it prints the command instead.
run() {
  if [ -n "$dry_run" ]; then
    printf 'gcloud'
    local word
    for word; do
      [[ $word =~ ^[A-Za-z0-9_./:=@,-]+$ ]] || word=${word@Q}
      printf ' %s' "$word"
    done
    printf '\n'
  else
    gcloud "$@" --quiet >/dev/null
  fi
}

# Prints what exists, or nothing where it does not; any other failure ends the script with gcloud's own words.
found() {
  [ -z "$dry_run" ] || return 0
  if ! gcloud "$@" --quiet 2>"$scratch/error"; then
    grep -qiE 'NOT_FOUND|not found|does not exist' "$scratch/error" || { cat "$scratch/error" >&2; exit 1; }
  fi
}

# A binding to an account that was made a moment ago may be refused at first.
bind() {
  local tries=5
  until run "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep "${TELECOM_BOOTSTRAP_PAUSE:-5}"
  done
}

number='PROJECT_NUMBER'
if [ -z "$dry_run" ]; then
  number=$(gcloud projects describe "$project" --format='value(projectNumber)' --quiet)
fi

say "APIs that Terraform itself needs"
run services enable "${apis[@]/%/.googleapis.com}" --project="$project"
for api in "${agents[@]}"; do
  run beta services identity create --service="$api.googleapis.com" --project="$project"
done

say "State bucket gs://$bucket"
# A bucket of this name that is not in this project is somebody else's; then its creation fails, and so do we.
there=$(found storage buckets list --project="$project" --filter="name=$bucket" --format='value(name)')
if [ -z "$there" ]; then
  key=()
  [ -z "$kms_key" ] || key=(--default-encryption-key="$kms_key")
  run storage buckets create "gs://$bucket" --project="$project" --location="$region" \
    --uniform-bucket-level-access --public-access-prevention "${key[@]}"
fi
# Old states stay for 90 days, the newest 20 of them for good; what is deleted can be brought back for 30 days.
cat >"$scratch/lifecycle.json" <<'JSON'
{"rule": [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 90, "numNewerVersions": 20}}]}
JSON
[ -z "$dry_run" ] || { printf '# lifecycle.json: '; cat "$scratch/lifecycle.json"; }
lifecycle=$scratch/lifecycle.json
[ -z "$dry_run" ] || lifecycle=lifecycle.json
run storage buckets update "gs://$bucket" --versioning --uniform-bucket-level-access --public-access-prevention \
  --soft-delete-duration=30d --lifecycle-file="$lifecycle" --update-labels=purpose=terraform-state

say "Account $email"
there=$(found iam service-accounts describe "$email" --project="$project" --format='value(email)')
[ -n "$there" ] ||
  run iam service-accounts create "$account" --project="$project" --display-name="telecom cicd $env" \
    --description='GitHub Actions and Cloud Build: builds, releases, rollbacks.'

say "Federation: $repository, branches ${branches[*]}${tags:+, tags $tags*}"
there=$(found iam workload-identity-pools describe "$pool" "${at_pool[@]}" --format='value(state)')
# A deleted pool keeps its name for 30 days and can be brought back, with its providers deleted as they were.
[ "$there" != DELETED ] || run iam workload-identity-pools undelete "$pool" "${at_pool[@]}"
[ -n "$there" ] ||
  run iam workload-identity-pools create "$pool" "${at_pool[@]}" --display-name=GitHub \
    --description="Jobs of $repository, without keys."
there=$(found iam workload-identity-pools providers describe "$provider" "${at_provider[@]}" --format='value(state)')
[ "$there" != DELETED ] || run iam workload-identity-pools providers undelete "$provider" "${at_provider[@]}"
verb=update-oidc
[ -n "$there" ] || verb=create-oidc
run iam workload-identity-pools providers $verb "$provider" "${at_provider[@]}" \
  --display-name='GitHub Actions' --description="Branches ${branches[*]}${tags:+, tags $tags*} of $repository." \
  --issuer-uri=https://token.actions.githubusercontent.com \
  --attribute-mapping="$mapping" --attribute-condition="$condition"

# It does not read the state, which holds the tokens of notification channels; Terraform binds all that it may do.
say "First permission of $account: GitHub's jobs may become it"
principal="principalSet://iam.googleapis.com/projects/$number/locations/global/workloadIdentityPools/$pool"
bind iam service-accounts add-iam-policy-binding "$email" --project="$project" --condition=None \
  --role=roles/iam.workloadIdentityUser --member="$principal/attribute.repository_id/$repository_id"

if [ -n "$dry_run" ]; then
  say "Nothing was done: these commands were printed, not run. Without --dry-run they are."
else
  say "Done. Next: TELECOM_PROJECT=$project make plan ENV=$env"
fi
