# Sourced by scripts/setup for --cluster, after chart.sh: what a Kubernetes without nodes is made of, into which
# tests/helm/cluster_test.py installs the chart; and Helm 4, with which the chart's tests run once more. Building them takes
# long, so they are not among --tools.
# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh, tools.sh and chart.sh define the folders and versions

etcd_root=$tools/etcd

# Debian's, unpacked and not installed, because the package would start it.
tool_etcd() {
  [[ ! -x $etcd_root/usr/bin/etcd ]] || return 0
  unpack_packages "$etcd_root" etcd-server
}

# Its version and those of all that it is made of are in go.mod and go.sum. Without its version in it, it says v0.0.0,
# which the chart refuses.
tool_kube_apiserver() {
  local pin=$tools_pins/kube-apiserver place=k8s.io/component-base/version version minor
  version=$(sed -n -E 's|^\s*k8s.io/kubernetes (\S+).*|\1|p' "$pin/go.mod")
  [[ $version == "$kubernetes_newest" ]] || fail "$pin/go.mod has Kubernetes $version, not $kubernetes_newest"
  stamped kube-apiserver "$version" && return
  command -v go >/dev/null || { without kube-apiserver 'Go is not on this machine'; return; }
  say "Building kube-apiserver $version with Go; on two processors that takes seven minutes …"
  minor=${version#v1.}
  go_install "$pin" -mod=readonly -ldflags="-s -w -X $place.gitVersion=$version -X $place.gitMajor=1 -X \
    $place.gitMinor=${minor%%.*}" k8s.io/kubernetes/cmd/kube-apiserver ||
    { without kube-apiserver 'go install failed, as told above'; return; }
  stamp kube-apiserver "$version"
}

# The definitions of the custom resources that the chart makes. Grafana Operator's is in tests/helm/crds.
tool_crds() {
  local target=$tools/crds versions="$operator_version $gateway_version" operator gateway file
  [[ ! -e $target/versions || $(<"$target/versions") != "$versions" ]] || return 0
  command -v go >/dev/null || { without 'the custom resources' 'Go is not on this machine'; return; }
  operator=$(module_folder "github.com/prometheus-operator/prometheus-operator@$operator_version")
  gateway=$(module_folder "sigs.k8s.io/gateway-api@$gateway_version")
  [[ -n $operator && -n $gateway ]] || { without 'the custom resources' 'a module could not be downloaded'; return; }
  rm -rf "$target"
  mkdir -p "$target"
  for file in "$operator"/example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,podmonitors,prometheusrules}.yaml \
    "$gateway/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"; do
    install -m 0644 "$file" "$target/"
  done
  printf '%s\n' "$versions" >"$target/versions"
}

# In a folder of its own, because it has helm's name.
tool_helm4() {
  local tools_bin=$tools/helm4
  mkdir -p "$tools_bin"
  chart_tool helm v4.3.1 helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=v4.3.1"
}

install_cluster() {
  mkdir -p "$tools_bin"
  local name
  for name in etcd kube_apiserver crds helm4; do
    "tool_$name" || true
  done
}
