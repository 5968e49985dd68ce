#!/bin/bash
# Installs the Debian 12 packages that the project needs, so that nobody has to read a list.
#
#   setup/debian.sh                 everything that the demo and the tests use
#   setup/debian.sh build           only what compiles the C++
#   setup/debian.sh operands        only what the PostgreSQL and Redis images are made of
#   setup/debian.sh bench           what app/bench/run needs; not part of everything
#   setup/debian.sh --dev           ... and formatters, linters, clang
#
# A no-op within milliseconds when all is there; safe to run twice at once. Needs root only to install.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config libcpprest-dev libyaml-cpp-dev nlohmann-json3-dev
  libssl-dev prometheus-cpp-dev libgtest-dev libgmock-dev libspdlog-dev libcli11-dev libexpected-dev
  libpq-dev dpkg-dev libfmt-dev libsimdjson-dev libargon2-dev libbenchmark-dev tzdata)
# The PostgreSQL and Redis images are cut out of these; the tests run the same servers directly.
operands=(postgresql-15 redis-server redis-tools busybox-static tini tzdata)
images=(buildah golang-github-containers-common golang-github-containers-image runc)
cluster=(containerd runc containernetworking-plugins iproute2 iptables nftables util-linux procps mount
  openssl prometheus busybox-static ca-certificates curl jq python3 python3-venv git)
# cargo-web is Debian's newer Rust, which makes room for no other: only where there is none.
bench=(wrk postgresql-15 postgresql-client-15 redis-server redis-tools python3 python3-venv ca-certificates gcc libc6-dev)
[ -x "$(command -v cargo || echo "$HOME/.cargo/bin/cargo")" ] || bench+=(cargo-web rustc-web)
dev=(clang libclang-rt-14-dev clang-format clang-tidy gdb valgrind)

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

wanted=()
[ "$#" -gt 0 ] && [ "$*" != --dev ] || wanted+=("${build[@]}" "${operands[@]}" "${images[@]}" "${cluster[@]}")
for group in "$@"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    operands) wanted+=("${operands[@]}") ;;
    images) wanted+=("${images[@]}" "${operands[@]}") ;;
    cluster) wanted+=("${cluster[@]}") ;;
    golang) wanted+=(golang-go) ;;   # only setup/go.sh asks for it, when no newer Go is there
    browser) wanted+=(chromium) ;;   # only the test of /docs asks for it
    npm) wanted+=(npm openssl) ;;    # only setup/swagger_ui.sh asks for it
    bench) wanted+=("${bench[@]}") ;;
    dev | --dev) wanted+=("${dev[@]}") ;;
    *) die "unknown group '$group'; one of: build operands images cluster bench golang npm browser --dev" ;;
  esac
done

missing_packages() {
  local have
  have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^installed //p') || true
  printf '%s\n' "${wanted[@]}" | sort -u | grep -vxF -f <(printf '%s\n' "$have") || true
}

command -v dpkg-query >/dev/null || die "this is not a Debian system: see README.md for what to install instead"
mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -gt 0 ] || exit 0
[ "$(id -u)" -eq 0 ] || die "these packages are missing and only root can install them; run
  sudo apt-get install --no-install-recommends ${missing[*]}"
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] ||
  say "made for Debian 12 (bookworm); this is ${PRETTY_NAME:-unknown}, package names may differ"

# One of us at a time; whoever waited may find that all is done.
exec 9>/run/lock/scalablebackend-setup.lock
flock -n 9 || { say "another setup is running, waiting for it"; flock 9; }
mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -gt 0 ] || exit 0

# Installing a server must not start it: it would take the ports and the memory that the cluster needs.
guard=/usr/sbin/policy-rc.d
mark="# scalablebackend setup: no service starts while packages are installed"
if [ ! -e "$guard" ] || grep -qxF "$mark" "$guard"; then   # the latter: a setup that was killed
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$guard"
  chmod 755 "$guard"
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp /tmp/scalablebackend-setup.XXXXXX.log)
# apt waits for dpkg's lock by itself, but not for the one on the package lists.
refresh() {
  local try
  for try in $(seq 60); do
    apt-get update -q >"$log" 2>&1 && ! grep -q "^[EW]: .*lock" "$log" && return 0
    grep -q "lock" "$log" || return 1
    [ "$try" -gt 1 ] || say "another package manager is at work, waiting up to 5 minutes for it"
    sleep 5
  done
  return 1
}

SECONDS=0
say "installing ${#missing[@]} Debian packages: ${missing[*]}"
refresh || { cat "$log" >&2; die "apt-get update failed (log: $log)"; }
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold \
  -o Dpkg::Use-Pty=0 "${missing[@]}" >"$log" 2>&1 9>&- & apt=$!
while kill -0 "$apt" 2>/dev/null; do
  sleep 1
  [ $((SECONDS % 15)) -ne 0 ] ||
    say "${SECONDS} s: $(grep -cE '^(Unpacking|Setting up) ' "$log") steps done, $(tail -n 1 "$log" | cut -c1-70)"
done
wait "$apt" || { tail -n 20 "$log" >&2; die "apt-get install failed (log: $log)"; }
rm -f "$log"
mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -eq 0 ] || die "still missing after the installation: ${missing[*]}"
say "packages installed in ${SECONDS} s"
