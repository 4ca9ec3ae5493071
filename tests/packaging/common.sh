# Sourced by the tests here. shellcheck shell=bash
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$project/scripts/lib.sh"

# skip "why": ctest tells the test's name
skip() {
  echo "skipped: $1"
  exit 77
}

need_commands() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || skip "$command is not on this machine; scripts/setup --checks installs it"
  done
}

work='' show=''  # show: the log that explains what is waited for
processes=()
at_exit() {
  local code=$? process
  for process in "${processes[@]}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  # A test's own, such as for mounts in the folder.
  ! declare -F before_removal >/dev/null || before_removal
  [[ -z $work ]] || rm -rf --one-file-system "$work"
  exit "$code"
}
trap at_exit EXIT
trap 'exit 143' TERM INT

begin() { work=$(mktemp -d "${TMPDIR:-/tmp}/packaging.XXXXXX"); }

# await "what" seconds command…
await() {
  local what=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { tail -n 20 "${show:-/dev/null}" && fail "waited in vain until $what"; }
    sleep 0.2
  done
}

# expect "what" command…
expect() {
  local what=$1
  shift
  "$@" || fail "not so: $what"
  echo "good: $what"
}
expect_not() {
  local what=$1
  shift
  ! "$@" || fail "so, and should not be: $what"
  echo "good: not $what"
}

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# start_simulator program: sets okta and servicenow, the addresses
start_simulator() {
  "$1" --scenario mixed --users 100 --event-rate 0 --okta-listen 127.0.0.1:0 --servicenow-listen 127.0.0.1:0 \
    --control-listen 127.0.0.1:0 --addresses-file "$work/addresses.json" >"$work/simulator.log" 2>&1 </dev/null &
  processes+=("$!")
  await 'the simulator listens' 30 test -s "$work/addresses.json"
  okta=$(jq -r .okta "$work/addresses.json")
  servicenow=$(jq -r .servicenow "$work/addresses.json")
}

# configuration: on stdout, for the simulator; its secrets lie beside it
configuration() {
  cat <<CONFIG
integrations:
  - name: production
    okta: {url: "$okta", api_token_file: okta-token, app: {id: 0oaSIMservicenow0001}, system_log: {interval: 1s}}
    servicenow:
      url: $servicenow
      reader: {basic_auth: {username: prom_reader, password_file: sn-reader}}
    drift: {interval: 2s, grace: 0s}
CONFIG
}
