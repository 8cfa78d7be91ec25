#!/usr/bin/env bash
# Resolves the dependencies for every supported Python and platform, with hashes and without naming a registry.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  local out=$1
  shift
  .venv/bin/uv pip compile "$@" --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file "$out"
}
project=(pyproject.toml tools/build-requirements.in)
run=(--extra local --extra train --extra report --extra pipelines --extra automl --extra serve --extra assistant --extra documents)
compile requirements.lock "${project[@]}" "${run[@]}"
compile requirements-dev.lock "${project[@]}" "${run[@]}" --extra gcp --extra assistant-gcp --extra evaluation \
  --extra telemetry --extra dev
# The foreign BigQuery emulator needs an older sqlglot than ours: it lives in an environment of its own.
compile requirements-bqemulator.lock tools/bqemulator-requirements.in
# checkov pins much of what it needs: an environment of its own (.venv-infra).
compile requirements-infra.lock tools/infra-requirements.in
# What looks at the project from outside (.venv-ci).
compile requirements-ci.lock tools/ci-requirements.in
# What builds the site (.venv-docs).
compile requirements-docs.lock tools/docs-requirements.in

# The churn image: versions as tested, without what its imports never reach (docs/adr/0007-one-image.md).
tested=(--constraint requirements-dev.lock)
optuna_storage=(alembic mako markupsafe sqlalchemy greenlet)
agents_of_aiplatform=(google-genai distro httpcore httpx sniffio tenacity websockets)
left_out=()
for package in "${optuna_storage[@]}" "${agents_of_aiplatform[@]}"; do
  left_out+=(--no-emit-package "$package")
done
compile requirements-churn.lock pyproject.toml --extra gcp --extra train --extra serve --extra telemetry "${tested[@]}" "${left_out[@]}"
# Of kfp only the executor runs in the image, on the standard library.
executor=$(mktemp)
trap 'rm -f "$executor"' EXIT
echo kfp | compile "$executor" - --no-deps "${tested[@]}"
cat "$executor" >>requirements-churn.lock
compile requirements-build.lock tools/build-requirements.in "${tested[@]}"

# The assistant image: google-genai alone, without aiplatform.
compile requirements-assistant.lock pyproject.toml --extra serve --extra assistant --extra assistant-gcp --extra telemetry
