#!/usr/bin/env bash
# usage: infra/delivery.sh VERB churn|assistant dev|prod
#   image      builds, tests, scans and pushes on Cloud Build; build/<service>.image names the image by its digest
#   model      which version a candidate is to serve: the challenger if the gate lets it, else the champion (churn)
#   candidate  gives that image a revision without requests
#   verify     sends extreme requests to the candidate, from where the network reaches it
#   canary     leads the candidate to all requests: in prod step by step, and back by itself when a step says no; in dev,
#              which nobody calls, at once, after gate and check. HOW=steps, HOW=at-once: otherwise
#   recover    stops a canary that still runs and takes it back, or finishes a rollback; where this image is released
#              already, what follows a release is done again; else nothing
#   rollback   back to the release before, model and revision
#   take       settings that Terraform applied get all requests at once, without a canary, with the released image
#   status     revisions, shares, the last releases
#   knowledge  the search's fields, and documents of docs/telecom, as this checkout has them, into bucket and search
# TELECOM_PROJECT is the environment's project, TELECOM_REGION its region (us-central1). TELECOM_IMAGE, where it is one of
# the service's, goes before the image that build/<service>.image names. MODEL_VERSION is the registry's number that the
# revision of churn serves (candidate, take); without it, what the newest revision has: after an apply, Terraform's.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf '%s\n' "${@:2}" >&2
  exit "$1"
}

verb=${1:-} service=${2:-} env=${3:-}
case $verb in
  image | model | candidate | verify | canary | recover | rollback | take | status | knowledge) ;;
  *) fail 2 "'$verb' is not understood." \
    "→ infra/delivery.sh image|model|candidate|verify|canary|recover|rollback|take|status|knowledge churn|assistant dev|prod" ;;
esac
case $service in
  churn) plane=mlops ;;
  assistant) plane=llmops ;;
  *) fail 2 "SERVICE is '$service'." "→ Write churn or assistant, as in: make $verb SERVICE=churn" ;;
esac
[[ $env =~ ^(dev|prod)$ ]] || fail 2 "ENV is '$env'." "→ Write dev or prod, as in: make $verb SERVICE=$service ENV=dev"
[ -n "${TELECOM_PROJECT:-}" ] || fail 2 "TELECOM_PROJECT is empty." "→ export TELECOM_PROJECT=the project of $env"
[[ ${MODEL_VERSION:-} =~ ^([1-9][0-9]*)?$ ]] || fail 2 "MODEL_VERSION is '$MODEL_VERSION'." "→ Write a version's number: telecom models"

region=${TELECOM_REGION:-us-central1}
there=(--project="$TELECOM_PROJECT" --region="$region")
kept=build/$service.image
[[ $verb =~ ^(model|knowledge)$ ]] || command -v gcloud >/dev/null ||
  fail 5 "gcloud is missing." "→ Install the Google Cloud CLI, then: gcloud auth login"

# By the checkout and not in a job: a runner learns the answer, and the images have nothing that reads PDF, DOCX and HTML.
ours() {
  [ -x .venv/bin/telecom ] || fail 5 "There is no .venv/bin/telecom." "→ make $verb ENV=$env"
  TELECOM_BACKEND=gcp TELECOM_ENV=$env TELECOM_REGION=$region .venv/bin/telecom "$@"
}

built() {
  if [[ ${TELECOM_IMAGE:-} =~ /$service@sha256:[0-9a-f]{64}$ ]]; then
    echo "$TELECOM_IMAGE"
    return
  fi
  [ -s "$kept" ] || fail 2 "There is no $kept." "→ make image SERVICE=$service ENV=$env"
  cat "$kept"
}

# The image of the revision that gets all requests.
released() {
  local revision
  revision=$(gcloud run services describe "telecom-$service-$env" "${there[@]}" --flatten='status.traffic[]' \
    --format='csv[no-heading](status.traffic.percent,status.traffic.revisionName)' | sed -n 's/^100,//p')
  [ -n "$revision" ] || fail 4 "The requests of telecom-$service-$env are shared: a canary is under way." \
    "→ Wait for its end, or: make recover SERVICE=$service ENV=$env"
  gcloud run revisions describe "$revision" "${there[@]}" --flatten='spec.containers[]' \
    --format='csv[no-heading](spec.containers.name,spec.containers.image)' | sed -n 's/^app,//p'
}

# In the network of the environment: what only it reaches is asked from there. Where it refuses, why is shown here.
release() {
  local code=0 began execution
  began=$(date -u +%Y-%m-%dT%H:%M:%S)
  gcloud run jobs execute "telecom-release-$env" "${there[@]}" --quiet --wait --args="telecom,release,$1" "${@:2}" || code=$?
  if [ "$code" != 0 ] && execution=$(executions "$1" any "$began") && [ -n "$execution" ]; then
    echo "What ${execution%%$'\n'*} said, as far as its lines have arrived:" >&2
    said "${execution%%$'\n'*}" >&2 || true
  fi
  return "$code"
}

# The release tools' executions whose arguments hold these words, the newest first: any|running, made since then.
executions() {
  gcloud run jobs executions list --job="telecom-release-$env" "${there[@]}" --format=json | python3 -c 'import json, sys
words, which, since = {*sys.argv[1].split(",")}, sys.argv[2], sys.argv[3]
made = lambda each: each["metadata"]["creationTimestamp"]
given = lambda each: {word for it in each["spec"]["template"]["spec"]["containers"] for word in it.get("args", ())}
for each in sorted(json.loads(sys.stdin.read() or "[]"), key=made, reverse=True):
    ended = "completionTime" in each.get("status", ())
    if words <= given(each) and made(each) >= since and not (which == "running" and ended):
        print(each["metadata"]["name"])' "$@"
}

said() {
  gcloud logging read "resource.type=cloud_run_job AND labels.\"run.googleapis.com/execution_name\"=\"$1\"" \
    --project="$TELECOM_PROJECT" --order=asc --format='value(textPayload)'
}

image() {
  local account="telecom-cicd-$env@$TELECOM_PROJECT.iam.gserviceaccount.com" build name digest
  build=$(gcloud builds submit "${there[@]}" --quiet --suppress-logs --config="infra/cloudbuild-$plane.yaml" \
    --service-account="projects/$TELECOM_PROJECT/serviceAccounts/$account" \
    --gcs-source-staging-dir="gs://$TELECOM_PROJECT-$env-pipelines/builds" \
    --substitutions="_ENV=$env,_REGION=$region,_REVISION=$(git rev-parse HEAD),_UNTIL=image" --format='value(id)')
  name=$region-docker.pkg.dev/$TELECOM_PROJECT/telecom-$env/$service
  # `images describe` would also ask Container Analysis, which ci-cd may not.
  digest=$(gcloud artifacts docker images list "$name" --project="$TELECOM_PROJECT" --include-tags --filter="tags:$build" \
    --format='value(version)')
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail 5 "Build $build left no image $name." \
    "→ gcloud builds log $build --region=$region --project=$TELECOM_PROJECT"
  mkdir -p build
  echo "$name@$digest" >"$kept.new"
  mv "$kept.new" "$kept"
  cat "$kept"
  # For whoever attests it.
  [ -z "${GITHUB_OUTPUT:-}" ] || printf 'name=%s\ndigest=%s\nimage=%s\n' "$name" "$digest" "$name@$digest" >>"$GITHUB_OUTPUT"
}

model() {
  [ "$service" = churn ] || fail 2 "The $service service serves no model of the registry." "→ make model ENV=$env"
  local told version
  told=$(ours evaluate --json)
  version=$(.venv/bin/python -c 'import json, sys
found = json.load(sys.stdin)
may = found["decision"]["promote"] or found["already_champion"]
print(found["candidate_version"] if may else found["champion_version"] or "")' <<<"$told")
  [ -n "$version" ] || fail 4 "There is no champion, and the gate keeps the challenger out." "→ telecom evaluate"
  echo "$version"
  [ -z "${GITHUB_OUTPUT:-}" ] || echo "version=$version" >>"$GITHUB_OUTPUT"
}

candidate() {
  local image
  image=$(built)
  deploy "$service"
  [ "$service" != churn ] || deploy dispatcher
}

# Terraform made the service and keeps its settings; here it gets a revision with this image, and no requests.
deploy() {
  local more=()
  case $1 in
    churn) [ -z "${MODEL_VERSION:-}" ] || more=(--update-env-vars="TELECOM_SERVING_VERSION=$MODEL_VERSION") ;;
    dispatcher) more=(--update-env-vars="TELECOM_IMAGE=$image") ;;
  esac
  gcloud run services update "telecom-$1-$env" "${there[@]}" --quiet \
    --no-traffic --tag=candidate --container=app --image="$image" "${more[@]}"
}

to_candidate() { gcloud run services update-traffic "telecom-$1-$env" "${there[@]}" --quiet --to-tags=candidate=100; }

verify() { release "check,--service,$service"; }

canary() {
  local image how=--look-seconds,60
  case $env,${HOW:-} in
    # Scores are the churn service's, where a sidecar reads them; elsewhere errors and latencies decide.
    prod, | *,steps) [ "$service,$env" = churn,prod ] || how=--without-scores,$how ;;
    dev, | *,at-once) how=--at-once ;;
    *) fail 2 "HOW is '$HOW'." "→ Write steps or at-once, as in: make canary SERVICE=$service ENV=$env HOW=steps" ;;
  esac
  image=$(built)
  release "canary,--service,$service,$how"
  follow
}

# What runs the service's image besides it, once the canary said yes. What the dispatcher starts runs the released image.
follow() {
  local job jobs=(faq review)
  if [ "$service" = churn ]; then
    to_candidate dispatcher
    jobs=(evaluation privacy release)
  fi
  for job in "${jobs[@]}"; do
    gcloud run jobs update "telecom-$job-$env" "${there[@]}" --quiet --image="$image"
  done
}

# Whoever started it is gone, and it would go on: perhaps it has not even begun, and nothing says yet that it is under way.
stop() {
  local names name
  names=$(executions "canary,$service" running "") || return
  for name in $names; do
    gcloud run jobs executions cancel "$name" "${there[@]}" --quiet || return
  done
}

recover() {
  local image now stopped=yes
  stop || stopped=''
  release "rollback,--service,$service,--if-under-way"
  [ -n "$stopped" ] || fail 5 "Whether a canary of $service still runs is not known." "→ make recover SERVICE=$service ENV=$env"
  image=$(built 2>/dev/null) || return 0
  now=$(released)
  # The canary had said yes, and what comes after it broke off.
  [ "$now" != "$image" ] || follow
}

rollback() { release "rollback,--service,$service"; }

take() {
  local image
  image=$(released)
  deploy "$service"
  to_candidate "$service"
}

status() {
  local execution
  execution=$(release "status,--service,$service" --format='value(metadata.name)')
  said "$execution"
}

knowledge() {
  [ "$service" = assistant ] || fail 2 "The $service service has no knowledge base." "→ make knowledge ENV=$env"
  ours rag build
  ours rag ingest docs/telecom
}

"$verb"
