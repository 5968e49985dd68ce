#!/bin/bash
# Prints the path of a Go that is new enough for the cluster's components (Kubernetes 1.34 needs 1.24).
#
#   "$(setup/go.sh)" build ./...
#
# One that is on PATH is taken. Otherwise Debian's Go, too old itself, fetches a newer toolchain through the Go
# module proxy, which verifies it against the checksum database.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${SB_CACHE:-$HOME/.cache/scalablebackend}
minimum=1.24.0
toolchain=v0.0.1-go1.25.5.linux-$(dpkg --print-architecture 2>/dev/null || echo amd64)

new_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) && version=${version#go} && version=${version%% *} &&
    [ "$(printf '%s\n%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]
}

for go in "$(command -v go || true)" /usr/local/go/bin/go "$cache/go-$toolchain/bin/go"; do
  if [ -x "$go" ] && new_enough "$go"; then
    echo "$go"
    exit 0
  fi
done

"$here/debian.sh" golang >&2
echo "setup: fetching Go ${toolchain#*-go}" >&2
mkdir -p "$cache"
work=$(mktemp -d "$cache/go.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
(cd "$work" && GOMODCACHE="$work/mod" GOFLAGS=-mod=mod /usr/bin/go mod download "golang.org/toolchain@$toolchain" >&2)
tree="$work/mod/golang.org/toolchain@$toolchain"
chmod -R u+w "$tree"
chmod -R +x "$tree/bin" "$tree/pkg/tool"   # the module cache keeps no execute bits
rm -rf "$cache/go-$toolchain"
mv "$tree" "$cache/go-$toolchain"
echo "$cache/go-$toolchain/bin/go"
