#!/usr/bin/env bash
# usage: infra/delivery.sh VERB churn|assistant dev|prod
#   image      builds, tests, scans and pushes on Cloud Build; build/<service>.image names the image by its digest
#   candidate  gives that image a revision without requests
#   verify     sends extreme requests to the candidate, from where the network reaches it
#   canary     leads the candidate to all requests, step by step; it goes back by itself when a step says no
#   recover    takes back a canary that is under way, or finishes a rollback; nothing where a release has ended
#   rollback   back to the release before, model and revision
#   status     revisions, shares, the last releases
#   knowledge  documents of docs/telecom, as this checkout has them, into bucket and search (assistant)
# TELECOM_PROJECT is the environment's project, TELECOM_REGION its region (us-central1). TELECOM_IMAGE, where it is one of
# the service's, goes before the image that build/<service>.image names. MODEL_VERSION is the registry's number that the
# candidate of churn serves; without it, the one that the revision before it serves.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf '%s\n' "${@:2}" >&2
  exit "$1"
}

verb=${1:-} service=${2:-} env=${3:-}
case $verb in
  image | candidate | verify | canary | recover | rollback | status | knowledge) ;;
  *) fail 2 "'$verb' is not understood." \
    "→ infra/delivery.sh image|candidate|verify|canary|recover|rollback|status|knowledge churn|assistant dev|prod" ;;
esac
case $service in
  churn) plane=mlops ;;
  assistant) plane=llmops ;;
  *) fail 2 "SERVICE is '$service'." "→ Write churn or assistant, as in: make $verb SERVICE=churn" ;;
esac
[[ $env =~ ^(dev|prod)$ ]] || fail 2 "ENV is '$env'." "→ Write dev or prod, as in: make $verb SERVICE=$service ENV=dev"
[ -n "${TELECOM_PROJECT:-}" ] || fail 2 "TELECOM_PROJECT is empty." "→ export TELECOM_PROJECT=the project of $env"
command -v gcloud >/dev/null || fail 5 "gcloud is missing." "→ Install the Google Cloud CLI, then: gcloud auth login"

region=${TELECOM_REGION:-us-central1}
there=(--project="$TELECOM_PROJECT" --region="$region")
kept=build/$service.image

built() {
  if [[ ${TELECOM_IMAGE:-} =~ /$service@sha256:[0-9a-f]{64}$ ]]; then
    echo "$TELECOM_IMAGE"
    return
  fi
  [ -s "$kept" ] || fail 2 "There is no $kept." "→ make image SERVICE=$service ENV=$env"
  cat "$kept"
}

# In the network of the environment: what only it reaches is asked from there.
release() {
  gcloud run jobs execute "telecom-release-$env" "${there[@]}" --quiet --wait --args="telecom,release,$1"
}

image() {
  local account="telecom-cicd-$env@$TELECOM_PROJECT.iam.gserviceaccount.com" build name digest
  build=$(gcloud builds submit "${there[@]}" --quiet --config="infra/cloudbuild-$plane.yaml" \
    --service-account="projects/$TELECOM_PROJECT/serviceAccounts/$account" \
    --gcs-source-staging-dir="gs://$TELECOM_PROJECT-$env-pipelines/builds" \
    --substitutions="_ENV=$env,_REGION=$region,_REVISION=$(git rev-parse HEAD),_UNTIL=image" --format='value(id)')
  name=$region-docker.pkg.dev/$TELECOM_PROJECT/telecom-$env/$service
  digest=$(gcloud artifacts docker images describe "$name:$build" --project="$TELECOM_PROJECT" \
    --format='value(image_summary.digest)')
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail 5 "Build $build left no image $name." "→ gcloud builds log $build"
  mkdir -p build
  echo "$name@$digest" >"$kept.new"
  mv "$kept.new" "$kept"
  cat "$kept"
  # For whoever attests it.
  [ -z "${GITHUB_OUTPUT:-}" ] || printf 'name=%s\ndigest=%s\nimage=%s\n' "$name" "$digest" "$name@$digest" >>"$GITHUB_OUTPUT"
}

candidate() {
  local image
  image=$(built)
  local version=()
  [ "$service" != churn ] || [ -z "${MODEL_VERSION:-}" ] ||
    version=(--update-env-vars="TELECOM_SERVING_VERSION=$MODEL_VERSION")
  # Terraform made the service and keeps its settings; here it gets a revision with the new image, and no requests.
  deploy "$service" "${version[@]}"
  if [ "$service" = churn ]; then
    deploy dispatcher --update-env-vars="TELECOM_IMAGE=$image"
    follow release
  fi
}

# Jobs that run the service's image from now on.
follow() {
  local job
  for job in "$@"; do
    gcloud run jobs update "telecom-$job-$env" "${there[@]}" --quiet --image="$image"
  done
}

verify() { release "check,--service,$service"; }

deploy() {
  gcloud run services update "telecom-$1-$env" "${there[@]}" --quiet \
    --no-traffic --tag=candidate --container=app --image="$image" "${@:2}"
}

canary() {
  local image
  image=$(built)
  if [ "$service" = churn ]; then
    release canary,--look-seconds,60
    # They follow once the canary said yes: what the dispatcher starts then runs the released image.
    gcloud run services update-traffic "telecom-dispatcher-$env" "${there[@]}" --quiet --to-tags=candidate=100
    follow evaluation privacy
  else
    # Scores are the churn service's; here errors and latencies decide.
    release canary,--service,assistant,--without-scores,--look-seconds,60
    follow faq review
  fi
}

recover() { release "rollback,--service,$service,--if-under-way"; }

rollback() { release "rollback,--service,$service"; }

status() { release "status,--service,$service"; }

knowledge() {
  [ "$service" = assistant ] || fail 2 "The $service service has no knowledge base." "→ make knowledge ENV=$env"
  # Here and not in a job: the assistant's image has nothing that reads PDF, DOCX and HTML.
  [ -x .venv/bin/telecom ] || fail 5 "There is no .venv/bin/telecom." "→ make knowledge ENV=$env"
  TELECOM_BACKEND=gcp TELECOM_ENV=$env TELECOM_REGION=$region .venv/bin/telecom rag ingest docs/telecom
}

"$verb"
