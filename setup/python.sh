#!/bin/bash
# Prints the path of a Python that has setup/requirements.txt, made on first use and kept in the cache folder.
#
#   "$(setup/python.sh)" -m pytest e2e/tests
#   "$(setup/python.sh app/bench/fastapi/requirements.txt)" -m uvicorn      another list of packages
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
requirements=${1:-$here/requirements.txt}
cache=${SB_CACHE:-$HOME/.cache/scalablebackend}

# Debian's own Python: whatever else is first on PATH may be too old or without venv.
base=/usr/bin/python3
[ -x "$base" ] || base=$(command -v python3) || { echo "setup: no python3; run setup/debian.sh" >&2; exit 1; }
# A virtual environment is tied to the Python it was made from.
key=$({ "$base" --version; cat "$requirements"; } | sha256sum | cut -c1-12)
venv="$cache/venv-$key"
if [ ! -x "$venv/bin/python" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/.venv.lock"
  flock 9
  if [ ! -x "$venv/bin/python" ]; then
    SECONDS=0
    echo "setup: making a Python environment in $venv" >&2
    new="$venv.new"
    rm -rf "$new"
    "$base" -m venv "$new" >&2
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
      -r "$requirements" >&2
    # Into place only when complete, so that a killed setup is begun afresh. Only bin/python is used,
    # so the scripts that carry the old path do not matter.
    rm -rf "$venv"
    mv "$new" "$venv"
    echo "setup: Python environment ready in ${SECONDS} s" >&2
  fi
fi
echo "$venv/bin/python"
