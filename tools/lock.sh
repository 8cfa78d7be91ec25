#!/usr/bin/env bash
# Resolves the dependencies for every supported Python and platform, with hashes and without naming a registry.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  local out=$1
  shift
  .venv/bin/uv pip compile pyproject.toml tools/build-requirements.in "$@" --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file "$out"
}
run=(--extra local --extra train --extra report --extra pipelines --extra automl --extra serve)
compile requirements.lock "${run[@]}"
compile requirements-dev.lock "${run[@]}" --extra gcp --extra dev
