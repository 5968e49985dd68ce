#!/bin/bash
# Prints a folder with Swagger UI's files, for /docs: fetched once with npm, checked, kept in the cache folder.
#
#   todo serve --docs-folder "$(setup/swagger_ui.sh)"
#
# Each file lies there as it is and compressed, so that the service compresses nothing.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${SB_CACHE:-$HOME/.cache/scalablebackend}
version=5.35.0
# The registry's own `dist.integrity` of that version.
integrity='U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=='

folder="$cache/swagger-ui-$version"
if [ ! -d "$folder" ]; then
  command -v npm >/dev/null || "$here/debian.sh" npm >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/swagger-ui.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "swagger-ui-dist@$version" >/dev/null)
  archive="$work/swagger-ui-dist-$version.tgz"
  found=$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
  [ "$found" = "$integrity" ] || { echo "setup: swagger-ui-dist $version is not what was pinned: sha512-$found" >&2; exit 1; }
  mkdir "$work/made"
  tar -xzf "$archive" -C "$work"
  for file in swagger-ui.css swagger-ui-bundle.js; do
    # Without its last line, which names a map that is not here and that browsers would ask for.
    sed '$ { /sourceMappingURL/ d }' "$work/package/$file" >"$work/made/$file"
    gzip -9 -n -k "$work/made/$file"
  done
  cp "$work/package/LICENSE" "$work/package/NOTICE" "$work/made/"
  chmod -R a+rX "$work/made"
  mv -T "$work/made" "$folder" 2>/dev/null || [ -d "$folder" ]   # somebody else was faster
fi
echo "$folder"
