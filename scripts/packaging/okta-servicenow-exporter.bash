# shellcheck shell=bash
# Completion for bash. tests/packaging keeps it in step with --help.

_okta_servicenow_exporter() {
  local current=${COMP_LINE:0:COMP_POINT} command='' word
  current=${current##* }  # readline breaks words at =, and this holds flag and value
  for word in "${COMP_WORDS[@]:1}"; do
    case $word in
      once | check | probe) command=$word ;;
    esac
  done

  local flag=${current%%=*} value=${current#*=}
  if [[ $current == --*=* ]]; then
    local candidates=()
    case $flag in
      --web.show-users) mapfile -t candidates < <(compgen -W 'never ids names' -- "$value") ;;
      --log.level) mapfile -t candidates < <(compgen -W 'debug info warn error' -- "$value") ;;
      --log.format) mapfile -t candidates < <(compgen -W 'logfmt json' -- "$value") ;;
      --format) mapfile -t candidates < <(compgen -W 'text json' -- "$value") ;;
      --config.file | --web.config.file | --output | --ca-file | --password-file)
        mapfile -t candidates < <(compgen -f -- "$value") ;;
      --storage.path) mapfile -t candidates < <(compgen -d -W ':memory:' -- "$value") ;;
    esac
    # readline breaks words at =, so only what follows it is completed.
    COMPREPLY=("${candidates[@]}")
    return
  fi

  local flags='--help --version --config.file= --config.check --web.listen-address= --web.telemetry-path=
    --web.max-requests= --web.config.file= --web.external-url= --web.route-prefix= --web.probe-address=
    --web.show-users= --web.enable-lifecycle --web.systemd-socket --web.openmetrics-created --storage.path=
    --storage.reset-counters --log.level= --log.format='
  case $command in
    once) flags+=' --output=' ;;
    check) flags+=' --format= --force' ;;
    probe) flags='--help --web.probe-address= --url= --metric= --ca-file= --username= --password-file=' ;;
    *) flags+=' once check probe' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _okta_servicenow_exporter okta-servicenow-exporter
