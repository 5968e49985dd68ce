#!/bin/bash
# Prints a compose file as `docker compose config --format json` understands it:  setup/compose.sh compose.yaml
#
# Without Docker, the loader that docker compose is made of is built from its Go module and asked instead.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${SB_CACHE:-$HOME/.cache/scalablebackend}
loader=v2.9.1
file=${1:?which compose file}

if docker compose version >/dev/null 2>&1; then
  exec docker compose -f "$file" config --format json
fi
tool=$cache/compose-go-$loader
if [ ! -x "$tool" ]; then
  go=$("$here/go.sh")
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/compose.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  GOBIN="$work" CGO_ENABLED=0 "$go" install -trimpath "github.com/compose-spec/compose-go/v2/cmd@$loader" >&2
  mv "$work/cmd" "$tool"
  rm -rf "$work"
fi
cd "$(dirname "$file")"
exec "$tool" --format json "$(basename "$file")"
