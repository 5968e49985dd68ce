#!/bin/bash
# Builds the C++: both programs and their unit tests, optimised, into build/release.
#
#   setup/build.sh                       everything
#   setup/build.sh scalablebackend todo  only these targets
#   PRESET=asan setup/build.sh           another preset of CMakePresets.json
#   PRESET=static setup/build.sh         the operator's programs as one file each, as its image has them
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
preset=${PRESET:-release}
if [ -t 2 ]; then export NINJA_STATUS="build: [%f/%t %es] "; fi

for tool in g++ cmake ninja; do
  command -v "$tool" >/dev/null || { setup/debian.sh build; break; }
done
settings=()
[ "$preset" != static ] || settings=(-DSB_STATIC="$(setup/static_libraries.sh)")
SECONDS=0
# Also when the static libraries are others than before.
if [ ! -f "build/$preset/build.ninja" ] ||
  { [ "$preset" = static ] && ! grep -qxF "SB_STATIC:PATH=${settings[0]#*=}" "build/$preset/CMakeCache.txt"; }; then
  echo "build: configuring $preset" >&2
  mkdir -p "build/$preset"
  cmake --preset "$preset" "${settings[@]}" >"build/$preset/configure.log" 2>&1 ||
    { cat "build/$preset/configure.log" >&2; exit 1; }
fi
arguments=()
[ "$#" -eq 0 ] || arguments=(--target "$@")
cmake --build --preset "$preset" --parallel "$(nproc)" "${arguments[@]}" >&2
echo "build: $preset done in ${SECONDS} s" >&2
