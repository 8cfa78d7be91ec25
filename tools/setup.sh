#!/usr/bin/env bash
# Makes the virtual environment and installs exactly what a lock file names, then this project, editable.
# usage: tools/setup.sh VENV LOCK [alone]     with `alone`, the project stays out of it
set -euo pipefail
venv=$1 lock=$2 project=${3:-with}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf '%s\n' "$@" >&2; exit 5; }

python=$(command -v python3 || true)
[ -n "$python" ] || fail "python3 is missing." "→ Debian: apt-get install -y python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "python3 is $("$python" -V 2>&1), 3.11 or newer is needed." "→ Install one and put it first on PATH."

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  # Debian ships venv apart from python3.
  version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  install="apt-get install -y --no-install-recommends $version"
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    say "Installing $version (python3 lacks venv) …"
    apt-get update -qq && $install >/dev/null
  else
    fail "python3 lacks the venv module." "→ sudo $install"
  fi
fi

if [ ! -x "$venv/bin/python" ]; then
  say "Creating $venv …"
  "$python" -m venv "$venv"
fi
say "Installing what $lock names (once; about a minute or two) …"
# kfp-server-api comes as source alone, and Debian's pip warns at length of how it will build that some day.
PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --no-deps \
  --no-compile -r "$lock" || fail "pip could not install what $lock names; its own words are above." \
  "→ That needs the network, once: look at it, and at pip's settings; then the same command again."
# Bytecode by all cores; pip makes it on one. Templates that are no Python are passed over, as pip does.
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
[ "$project" = alone ] ||
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
