# Sourced by scripts/setup for --tools, after lib.sh: linters and checkers that Debian does not have. Each is installed
# at a pinned version into build/tools, where the language that it comes with is on the machine; tests that want one that
# is not there count as skipped, by name. A tool is a function and its name in the list; it returns 1 where it can't be
# had.
# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh defines the folders

tools_bin=$tools/bin
tools_pins=$project/scripts/tools
tool_names=(pint dashboard_linter grafana_schema)

# without "tool" "why": says so; not an error, because the project builds and passes its other tests without
without() {
  say "Without $1: $2. Tests that need it are skipped."
  return 1
}

# go_install directory argument…: with the settings that all share
go_install() {
  (cd "$1" && env GOBIN="$tools_bin" GOFLAGS= GOWORK=off CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' "${@:2}" >&2)
}

# stamped "tool" "version": is that version in place already?
stamped() { [[ -e $tools_bin/$1 && -e $tools_bin/$1.version && $(<"$tools_bin/$1.version") == "$2" ]]; }
stamp() { printf '%s\n' "$2" >"$tools_bin/$1.version"; }

# cloudflare's linter of rules. Its version and those of all that it is made of are in go.mod and go.sum.
tool_pint() {
  local version
  version=$(sed -n -E 's|^\s*github.com/cloudflare/pint (\S+).*|\1|p' "$tools_pins/pint/go.mod")
  stamped pint "$version" && return
  command -v go >/dev/null || { without pint 'Go is not on this machine'; return; }
  say "Building pint $version with Go …"
  go_install "$tools_pins/pint" -mod=readonly github.com/cloudflare/pint/cmd/pint ||
    { without pint 'go install failed, as told above'; return; }
  stamp pint "$version"
}

# Grafana's linter of dashboards.
tool_dashboard_linter() {
  local version=v0.2.0
  stamped dashboard-linter "$version" && return
  command -v go >/dev/null || { without dashboard-linter 'Go is not on this machine'; return; }
  say "Building dashboard-linter $version with Go …"
  go_install "$tools" "github.com/grafana/dashboard-linter@$version" ||
    { without dashboard-linter 'go install failed, as told above'; return; }
  stamp dashboard-linter "$version"
}

# Grafana's own types of a dashboard, and the compiler that checks against them.
tool_grafana_schema() {
  local target=$tools/grafana-schema
  cmp -s "$tools_pins/grafana-schema/package-lock.json" "$target/package-lock.json" && [[ -d $target/node_modules ]] &&
    return
  command -v npm >/dev/null || { without grafana-schema 'npm is not on this machine'; return; }
  say 'Installing @grafana/schema with npm …'
  rm -rf "$target"
  mkdir -p "$target"
  cp "$tools_pins"/grafana-schema/package*.json "$target"
  (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    { rm -rf "$target"; without grafana-schema 'npm ci failed, as told above'; return; }
}

install_tools() {
  mkdir -p "$tools_bin"
  local name
  for name in "${tool_names[@]}"; do
    "tool_$name" || true
  done
}
