#!/usr/bin/env bash
# usage: tools/security.sh audit|secrets|licences|sbom|dockerfiles|workflows [OUT]
#   audit        known weaknesses of every locked package; a database that cannot be reached is a failure (exit 5)
#   secrets      nothing that looks like a key, beyond what .secrets.baseline excuses
#   licences     what .venv holds is under licences that permit this use
#   sbom         a CycloneDX bill of materials per lock file, into OUT (default build/sbom)
#   dockerfiles  hadolint
#   workflows    zizmor, and the published schemas of workflows and Dependabot's file
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv-ci/bin
images=(requirements-churn.lock requirements-assistant.lock)
locks=(requirements*.lock)

audit() { "$bin/python" -m tools.dependency_audit "$bin/pip-audit" "${locks[@]}"; }

secrets() { "$bin/python" -m tools.secret_search "$bin/detect-secrets-hook" .venv-ci/.searched; }

licences() { "$bin/python" -m tools.licences .venv/bin/python "$bin/pip-licenses"; }

sbom() {
  local lock out=${1:-build/sbom}
  mkdir -p "$out"
  for lock in "${images[@]}"; do
    "$bin/cyclonedx-py" requirements "$lock" --output-reproducible --output-format JSON \
      --output-file "$out/$(basename "$lock" .lock).cdx.json"
  done
  ls -l "$out"
}

dockerfiles() { .venv/bin/hadolint Dockerfile.churn Dockerfile.assistant && echo "hadolint: nothing to say."; }

workflows() {
  "$bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
  "$bin/check-jsonschema" --builtin-schema vendor.dependabot .github/dependabot.yml
  "$bin/check-jsonschema" --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml || exit 1
  "$bin/zizmor" --offline --strict-collection .github
}

case ${1:-} in
  audit | secrets | licences | sbom | dockerfiles | workflows) "$@" ;;
  *) printf "'%s' is not understood.\n→ tools/security.sh audit|secrets|licences|sbom|dockerfiles|workflows\n" "${1:-}" >&2; exit 2 ;;
esac
