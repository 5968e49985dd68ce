#!/bin/bash
# Prints a folder with archives (lib*.a) of the libraries that Debian has as shared ones only: compiled once from Debian's
# own sources, of the versions whose headers are installed, and kept in the cache folder.
#
#   cmake --preset static -DSB_STATIC="$(setup/static_libraries.sh)"
#
# With them the operator is one file, of what it uses of them: 9 MB, not 19.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${SB_CACHE:-$HOME/.cache/scalablebackend}
"$here/debian.sh" build

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

packages=(libcpprest-dev prometheus-cpp-dev libsimdjson-dev libspdlog-dev libfmt-dev)
sources=$(dpkg-query -W -f='${source:Package}=${source:Version}\n' "${packages[@]}")
folder=$cache/static-$({ echo "$sources"; g++ -dumpfullversion; cat "${BASH_SOURCE[0]}"; } | sha256sum | cut -c1-16)
if [ -d "$folder" ]; then echo "$folder"; exit; fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/static.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

# This machine's own package sources, asked for source code as well; its lists stay as they are.
fetch() {
  mkdir -p "$work"/{apt,lists/partial,src}
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/apt/$(basename "$file")"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file" >"$work/apt/$(basename "$file" .list).list"
  done
  local apt=(apt-get -q -o Dir::Etc::sourcelist=- -o Dir::Etc::sourceparts="$work/apt" -o Dir::State::lists="$work/lists"
    -o APT::Sandbox::User="$(id -un)")
  # shellcheck disable=SC2086
  "${apt[@]}" update && (cd "$work/src" && "${apt[@]}" --download-only source $sources &&
    for file in *.dsc; do dpkg-source --no-check -x "$file" || return; done)
}

# Hardened like our own code. Each function in a section of its own, so that the linker drops what nobody calls.
flags="-w -ffunction-sections -fdata-sections -fstack-protector-strong -fstack-clash-protection -fcf-protection=full"
flags+=" -D_FORTIFY_SOURCE=2"
# compile SOURCE TARGET CMAKE-ARGUMENT...
compile() {
  local source=("$work/src/$1"-*/) target=$2 built=$work/build/$1
  shift 2
  cmake -S "${source[0]}" -B "$built" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_FLAGS="$flags" "$@" &&
    cmake --build "$built" --parallel "$(nproc)" --target "$target" &&
    find "$built" -name 'lib*.a' -exec cp {} "$work/made/" \;
}
step() {
  say "static libraries: ${SECONDS} s: $1 ${2:-}"
  "$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "static libraries: $* failed"; }
}

SECONDS=0
mkdir "$work/made"
step fetch
step compile fmtlib fmt -DFMT_TEST=OFF -DFMT_DOC=OFF
step compile spdlog spdlog -DSPDLOG_FMT_EXTERNAL=ON -DSPDLOG_BUILD_EXAMPLE=OFF
step compile simdjson simdjson
step compile prometheus-cpp core -DENABLE_PULL=OFF -DENABLE_PUSH=OFF -DENABLE_TESTING=OFF -DENABLE_COMPRESSION=OFF
# What the operator asks for is never compressed, and it opens no web sockets.
step compile cpprest cpprest -DBUILD_TESTS=OFF -DBUILD_SAMPLES=OFF -DWERROR=OFF -DCPPREST_EXCLUDE_WEBSOCKETS=ON \
  -DCPPREST_EXCLUDE_COMPRESSION=ON -DCPPREST_EXCLUDE_BROTLI=ON
chmod -R a+rX "$work/made"
mv -T "$work/made" "$folder" 2>/dev/null || [ -d "$folder" ]   # somebody else was faster
say "static libraries made in ${SECONDS} s"
echo "$folder"
