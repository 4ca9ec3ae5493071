# Sourced by scripts/setup for --tools, after tools.sh, whose list it adds to: what tests/helm needs beside Debian's
# packages.
# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh and tools.sh define the folders

kubernetes_oldest=v1.25.16 kubernetes_newest=v1.37.2  # as in tests/helm/chart.py
operator_version=v0.85.0 gateway_version=v1.6.3

# chart_tool "tool" "version" package flag…: built unless that version is in place
chart_tool() {
  local name=$1 version=$2 package=$3
  stamped "$name" "$version" && return
  command -v go >/dev/null || { without "$name" 'Go is not on this machine'; return; }
  say "Building $name $version with Go …"
  go_install "$tools" -ldflags="-s -w ${*:4}" "$package@$version" ||
    { without "$name" 'go install failed, as told above'; return; }
  stamp "$name" "$version"
}

# Built as its own Makefile does it: without, it takes the cluster for a Kubernetes 1.20.
tool_helm() {
  local place=helm.sh/helm/v3 minor=${kubernetes_newest#v1.}
  minor=${minor%%.*}
  chart_tool helm v3.22.0 $place/cmd/helm "-X $place/internal/version.version=v3.22.0" \
    "-X $place/pkg/chartutil.k8sVersionMajor=1 -X $place/pkg/chartutil.k8sVersionMinor=$minor" \
    "-X $place/pkg/lint/rules.k8sVersionMajor=1 -X $place/pkg/lint/rules.k8sVersionMinor=$minor"
}

tool_kubeconform() { chart_tool kubeconform v0.8.0 github.com/yannh/kubeconform/cmd/kubeconform; }

# module_folder module@version: where Go keeps it, after it was downloaded
module_folder() {
  (cd "$tools" && env GOFLAGS= GOWORK=off go mod download -json "$1") | sed -n -E 's/^\t"Dir": "(.*)",$/\1/p'
}

# JSON schemas of Kubernetes and of the custom resources, for kubeconform.
tool_kubernetes_schemas() {
  local target=$tools/kubernetes-schemas
  local versions="$kubernetes_oldest $kubernetes_newest $operator_version $gateway_version"
  [[ ! -e $target/versions || $(<"$target/versions") != "$versions" ]] || return 0
  command -v go >/dev/null || { without 'the Kubernetes schemas' 'Go is not on this machine'; return; }
  say 'Downloading the schemas of Kubernetes, Prometheus Operator and the Gateway API with Go …'
  local oldest newest operator gateway
  oldest=$(module_folder "k8s.io/kubernetes@$kubernetes_oldest")
  newest=$(module_folder "k8s.io/kubernetes@$kubernetes_newest")
  operator=$(module_folder "github.com/prometheus-operator/prometheus-operator@$operator_version")
  gateway=$(module_folder "sigs.k8s.io/gateway-api@$gateway_version")
  [[ -n $oldest && -n $newest && -n $operator && -n $gateway ]] ||
    { without 'the Kubernetes schemas' 'a module could not be downloaded'; return; }
  rm -rf "$target"
  local crds=$operator/example/prometheus-operator-crd/monitoring.coreos.com
  /usr/bin/python3 -B "$project/scripts/tools/kubernetes_schemas.py" "$target" \
    "$kubernetes_oldest=$oldest/api/openapi-spec/swagger.json" "$kubernetes_newest=$newest/api/openapi-spec/swagger.json" \
    "${crds}_servicemonitors.yaml" "${crds}_podmonitors.yaml" "${crds}_prometheusrules.yaml" \
    "$gateway/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" >&2 ||
    { without 'the Kubernetes schemas' 'they could not be read, as told above'; return; }
  printf '%s\n' "$versions" >"$target/versions"
}

tool_names+=(helm kubeconform kubernetes_schemas)
