# Sourced by image_test and dockerfile_test, after common.sh: what has to hold for the image. shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh defines the folders and what start_simulator sets

need_image_tools() {
  need_commands bwrap jq strip
  grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release || skip 'the image is made of Debian 12'
  bwrap --ro-bind / / --unshare-all true 2>/dev/null || skip 'bubblewrap can make no sandbox here'
}

archive() { tar --sort=name -C "$1" -c . | sha256sum; }
equal() { [[ $1 == "$2" ]]; }
below() { (($1 < $2)); }

# check_image root version dpkg: what is in it. dpkg is the database of the Debian that it was made of.
check_image() {
  local root=$1 version=$2 dpkg=$3 size others sbom listed package package_version library
  size=$(du --summarize --bytes "$root" | cut -f 1)
  expect "its $((size / 1000000)) MB are below 40" below "$size" 40000000
  [[ -z $(find "$root" -type f -perm /6000) ]] || fail 'a program in it changes its user'
  others=$(find "$root" -type f -perm /111 ! -name '*.so*' ! -path '*/usr/bin/okta-servicenow-exporter')
  expect 'no other program is in it, no shell either' equal "$others" ''

  sbom=$root/usr/share/sbom/okta-servicenow-exporter.spdx.json
  # shellcheck disable=SC2016  # jq's variables
  expect 'the list is SPDX and names the version' jq -e --arg version "$version" '
    .spdxVersion == "SPDX-2.3" and .packages[0].versionInfo == $version and
    ([.packages[].SPDXID] | length == (unique | length)) and
    ([.relationships[].relatedSpdxElement] | unique) == ([.packages[].SPDXID] | unique)' "$sbom" >"$work/jq.log"
  listed=$(jq -r '.packages[1:][] | .name + " " + .versionInfo' "$sbom")
  while read -r package package_version; do
    equal "$(dpkg-query --admindir="$dpkg" -W -f '${Version}' "$package")" "$package_version" ||
      fail "the list says $package $package_version"
    [[ -s $root/usr/share/doc/$package/copyright ]] || fail "the licence of $package is missing"
  done <<<"$listed"
  for library in libssl3 libcurl4 libstdc++6 libyaml-cpp0.7 nlohmann-json3-dev ca-certificates; do
    grep -q "^$library " <<<"$listed" || fail "the list does not name $library"
  done
  echo "good: $(wc -l <<<"$listed") packages of Debian are listed, with their licences"
}

inside() { "${sandbox[@]}" /usr/bin/okta-servicenow-exporter "$@"; }
# The health check of the Dockerfile, on the port that is used here.
healthy() {
  mapfile -t health < <(sed -n -E 's/^HEALTHCHECK .* CMD //p' "$project/Dockerfile" | jq -r '.[]' | sed "s/:10718/:$probes/")
  "${sandbox[@]}" "${health[@]}"
}

# run_image root simulator: runs the program in it against the simulator.
run_image() {
  local root=$1 flags program status
  start_simulator "$2"
  mkdir "$work/config" "$work/state"
  configuration >"$work/config/config.yml"
  printf sim-okta-token >"$work/config/okta-token"
  printf sim-reader-password >"$work/config/sn-reader"
  chmod 0755 "$work" "$work/config"
  chmod 0644 "$work"/config/*
  sandbox=(bwrap --unshare-all --share-net --die-with-parent --as-pid-1 --cap-drop ALL --uid 65532 --gid 65532
    --ro-bind "$root" / --proc /proc --bind "$work/state" /var/lib/okta-servicenow-exporter
    --ro-bind "$work/config" /etc/okta-servicenow-exporter --clearenv)
  # The default flags of the Dockerfile, on ports that are free.
  port=$(free_port) probes=$(free_port)
  mapfile -t flags < <(sed -n 's/^CMD //p' "$project/Dockerfile" | jq -r '.[]' | sed "s/:10718/:$probes/")
  "${sandbox[@]}" /usr/bin/okta-servicenow-exporter "${flags[@]}" --web.listen-address="127.0.0.1:$port" \
    >"$work/exporter.log" 2>&1 </dev/null &
  processes+=("$!")
  program=$!
  show=$work/exporter.log
  await 'the health check is good' 20 healthy
  await 'drift was measured' 30 inside probe --url="http://127.0.0.1:$port/metrics" --metric=okta_external_id_drift_users
  status=$(cat "/proc/$(pgrep -P "$program" | head -n 1)/status")
  grep -qE '^CapEff:\s+0+$' <<<"$status" || fail 'it has capabilities'
  expect 'there is state' test -s "$work/state/state.db"
  pkill -TERM -P "$program" okta-service
  await 'it stopped' 10 bash -c "! kill -0 $program 2>/dev/null"
  expect_not 'the health check is good after the end' healthy 2>"$work/health.log"
}
