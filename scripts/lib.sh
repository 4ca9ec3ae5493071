# Sourced by the other scripts: what they need from Debian, and a few helpers. Defines things, runs nothing.
# shellcheck shell=bash

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$project/build/tools

# What the build, the tests and the demo need.
build_packages=(
  g++ cmake ninja-build pkg-config ccache
  libcurl4-openssl-dev libcpp-httplib-dev libssl-dev nlohmann-json3-dev libspdlog-dev libyaml-cpp-dev libcli11-dev
  libsqlite3-dev libsimdjson-dev prometheus-cpp-dev zlib1g-dev libboost-dev
  libcrypt-dev libgtest-dev libgmock-dev openssl python3-prometheus-client python3-yaml
  ca-certificates curl jq git
)
# What .ci/run needs beside that.
# shellcheck disable=SC2034  # used by scripts/setup
check_packages=(
  bubblewrap buildah chromium chromium-driver clang-19 clang-format-19 clang-tidy-19 dpkg-dev gcovr libclang-rt-19-dev lintian man-db
  mmdebstrap shellcheck
)
# Unpacked under build/tools and not installed, because the packages would start daemons. Beside Prometheus and
# Alertmanager themselves, what Prometheus's pages are made of.
prometheus_packages=(
  prometheus prometheus-alertmanager
  fonts-glyphicons-halflings libjs-bootstrap4 libjs-d3 libjs-eonasdan-bootstrap-datetimepicker libjs-jquery
  libjs-jquery-hotkeys libjs-moment libjs-moment-timezone libjs-mustache libjs-popper.js libjs-rickshaw
)
prometheus_root=$tools/prometheus

nginx_packages=(nginx)
nginx_root=$tools/nginx
NGINX=$nginx_root/usr/sbin/nginx

# For integration tests and the demo.
export PROMETHEUS=$prometheus_root/usr/bin/prometheus
export PROMTOOL=$prometheus_root/usr/bin/promtool
export ALERTMANAGER=$prometheus_root/usr/bin/prometheus-alertmanager

# A clone in another folder compiles the same files: let ccache see that.
export CCACHE_BASEDIR=$project CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

# fail "what happened" "what to do"
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  [[ $# -lt 2 ]] || printf '  %s\n' "$2" >&2
  exit 1
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root, and there is no sudo here" \
      "Run this script as root once, or install these yourself: ${missing_packages[*]-}"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -o Dpkg::Use-Pty=0 \
    -o APT::Update::Error-Mode=any -o Acquire::Retries=3 "$@" </dev/null >&2
}

refresh_package_lists() {
  say "Refreshing apt's package lists …"
  apt_get update ||
    fail "apt-get update failed" "Check the network and the sources in /etc/apt, then run this script again."
}

# unknown_packages package…: those that apt has never heard of, one a line.
unknown_packages() {
  local known
  known=$(apt-cache show --no-all-versions "$@" 2>/dev/null | sed -n 's/^Package: //p' || true)
  comm -23 <(printf '%s\n' "$@" | sort) <(sort <<<"$known")
}

# Refreshes the lists if apt has never heard of one of the packages.
know_packages() {
  [[ -n $(unknown_packages "$@") ]] || return 0
  refresh_package_lists
  local unknown
  unknown=$(unknown_packages "$@")
  [[ -z $unknown ]] ||
    fail "apt does not know: ${unknown//$'\n'/ }" "This project is built on Debian 12; check the sources in /etc/apt."
}

check_distribution() {
  if ! command -v apt-get >/dev/null; then
    fail "apt-get is missing" "The set-up knows Debian only; elsewhere install the like of: ${build_packages[*]}"
  fi
  local id version
  # shellcheck source=/dev/null
  id=$(. /etc/os-release && echo "${ID-}")
  # shellcheck source=/dev/null
  version=$(. /etc/os-release && echo "${VERSION_ID-}")
  [[ $id == debian && $version == 12 ]] ||
    say "Warning: this is ${id:-unknown} ${version:-}, not Debian 12. Going on; package names and versions may not fit."
}

# install_packages package…: quiet about what is there, tells what it will install before it does.
install_packages() {
  missing_packages=()
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      missing_packages+=("$package")
  done
  [[ ${#missing_packages[@]} -gt 0 ]] || return 0
  check_distribution
  say "Will install from Debian, with what they depend on: ${missing_packages[*]}"
  know_packages "${missing_packages[@]}"
  if ! apt_get install -y --no-install-recommends "${missing_packages[@]}"; then
    # Lists that are older than the archive name files that are gone.
    refresh_package_lists
    apt_get install -y --no-install-recommends "${missing_packages[@]}" ||
      fail "apt-get could not install the packages" "Its messages are above; run this script again when they are settled."
  fi
}

# unpack_packages directory package…: downloads Debian's packages and unpacks them there instead of installing them.
unpack_packages() {
  local target=$1
  shift
  check_distribution
  say "Will download Debian's $1 package and unpack it under build/tools (nothing is installed)."
  missing_packages=("$@")
  know_packages "$@"
  mkdir -p "$tools"
  local work
  work=$(mktemp -d "$tools/fetch.XXXXXX")
  # apt's own user may not write below the checkout; as root it would only warn about it.
  download_packages "$work" "$@" || { refresh_package_lists && download_packages "$work" "$@"; } || {
    rm -rf "$work"
    fail "could not download $1" "Check the network and the sources in /etc/apt."
  }
  mkdir "$work/root"
  local file
  for file in "$work"/*.deb; do
    dpkg-deb -x "$file" "$work/root"
  done
  rm -rf "$target"
  mv -T "$work/root" "$target"
  rm -rf "$work"
}

download_packages() {
  (cd "$1" && apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 download "${@:2}" >&2)
}

# Prometheus, promtool, Alertmanager and amtool under build/tools; idempotent.
fetch_prometheus() {
  [[ ! -x $PROMETHEUS || ! -x $PROMTOOL || ! -x $ALERTMANAGER ]] || return 0
  unpack_packages "$prometheus_root" "${prometheus_packages[@]}"
}

# For tests/bench; idempotent.
fetch_nginx() {
  [[ ! -x $NGINX ]] || return 0
  unpack_packages "$nginx_root" "${nginx_packages[@]}"
}

# make_debian folder [mmdebstrap argument…]: a bare Debian 12 in a new folder or archive, from the sources and with the
# settings of this machine's apt. Needs root and mmdebstrap. Where $debian_suite names another of Debian's suites, that one
# from the same mirrors.
make_debian() {
  local suite=${debian_suite:-bookworm} work file result=0
  work=$(mktemp -d)
  mkdir "$work/sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [[ -s $file ]] && grep -qE '(^|[ /])bookworm([ /-]|$)' "$file"; then
      sed "s/bookworm/$suite/g" "$file" >"$work/sources/${file##*/}"
    fi
  done
  [[ -n $(ls "$work/sources") ]] || fail "no source of Debian 12 in /etc/apt" "The sources of this machine are used."
  apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-)[^ ]* "[^"]+";$' >"$work/settings" || true
  mmdebstrap --quiet --mode=root --variant=minbase --aptopt="$work/settings" --keyring=/usr/share/keyrings \
    --keyring=/etc/apt/trusted.gpg.d "${@:2}" "$suite" "$1" "$work/sources"/* </dev/null || result=$?
  rm -rf "$work"
  return "$result"
}

processors() { nproc 2>/dev/null || echo 2; }
