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
run=(--extra local --extra train --extra report --extra pipelines --extra automl --extra serve)
compile requirements.lock "${project[@]}" "${run[@]}"
compile requirements-dev.lock "${project[@]}" "${run[@]}" --extra gcp --extra dev
# The foreign BigQuery emulator needs an older sqlglot than ours: it lives in an environment of its own.
compile requirements-bqemulator.lock tools/bqemulator-requirements.in
