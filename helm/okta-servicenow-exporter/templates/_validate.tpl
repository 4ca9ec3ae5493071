{{/* What the schema can't see. Every message says what to write instead. Included by the StatefulSet, so always. */}}

{{- define "exporter.validate" -}}

{{/* Where the configuration comes from. */}}
{{- if .Values.existingConfigSecret -}}
  {{- if or .Values.integrations .Values.config.global .Values.config.classification -}}
    {{- fail "existingConfigSecret and integrations (or config.global, config.classification) are both set: keep the whole configuration in the Secret, or write all of it in values and leave existingConfigSecret empty" -}}
  {{- end -}}
{{- else if not .Values.integrations -}}
  {{- fail "there is no integration: write at least one under integrations, such as integrations: [{name: production, okta: {url: https://example.okta.com, api_token_file: /etc/okta-servicenow-exporter/secrets/okta-token, app: {id: 0oa1abcd}}, servicenow: {url: https://example.service-now.com, reader: {basic_auth: {username: prom_reader, password_file: /etc/okta-servicenow-exporter/secrets/sn-reader}}}}], or name a Secret with a config.yml in existingConfigSecret" -}}
{{- end -}}
{{- if and .Values.secrets.existingSecret .Values.secrets.values -}}
  {{- fail "secrets.existingSecret and secrets.values are both set: put all secrets into the existing Secret and leave secrets.values empty, or the other way round" -}}
{{- end -}}

{{/* Integrations one by one. */}}
{{- $names := dict -}}
{{- range $index, $integration := .Values.integrations -}}
  {{- $path := printf "integrations[%d]" $index -}}
  {{- $name := toString $integration.name -}}
  {{- if hasKey $names $name -}}
    {{- fail (printf "%s.name: %q is the name of integrations[%d] too; names must differ, so write another one" $path $name (int (get $names $name))) -}}
  {{- end -}}
  {{- $_ := set $names $name $index -}}
  {{- include "exporter.validateSecrets" (dict "root" $ "path" $path "value" $integration) -}}
  {{- include "exporter.validateSignIn" (dict "path" (printf "%s.okta" $path) "value" $integration.okta "ways" (list "api_token" "oauth2")) -}}
  {{- with $integration.okta.oauth2 }}{{ include "exporter.validateParts" (dict "path" (printf "%s.okta.oauth2" $path) "value" . "parts" (list "private_key")) }}{{ end -}}
  {{- $app := default dict $integration.okta.app -}}
  {{- if not (or (and (hasKey $app "id") (eq (len $app) 1)) (and (hasKey $app "name") (hasKey $app "label") (not (hasKey $app "id")))) -}}
    {{- fail (printf "%s.okta.app must lead to exactly one app: write {id: 0oa1abcd}, or {name: servicenow_ud, label: ServiceNow}" $path) -}}
  {{- end -}}
  {{- range $account := list "reader" "provisioner" -}}
    {{- if hasKey $integration.servicenow $account -}}
      {{- include "exporter.validateSignIn" (dict "path" (printf "%s.servicenow.%s" $path $account) "value" (get $integration.servicenow $account) "ways" (list "basic_auth" "oauth2" "api_key" "client_certificate")) -}}
      {{- include "exporter.validateAccount" (dict "path" (printf "%s.servicenow.%s" $path $account) "value" (get $integration.servicenow $account)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{/* Who scrapes. */}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
  {{- fail "serviceMonitor.enabled and podMonitor.enabled are both true, so Prometheus would scrape everything twice: keep one of the two" -}}
{{- end -}}
{{- range $kind := list "serviceMonitor" "ingress" "httpRoute" -}}
  {{- if and (get $.Values $kind).enabled (not $.Values.service.enabled) -}}
    {{- fail (printf "%s.enabled needs the Service: set service.enabled to true%s" $kind (ternary ", or use podMonitor" "" (eq $kind "serviceMonitor"))) -}}
  {{- end -}}
{{- end -}}
{{- if eq (int .Values.containerPort) (int .Values.probes.port) -}}
  {{- fail (printf "probes.port and containerPort are both %d: give the probes a port of their own" (int .Values.probes.port)) -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
  {{- fail "ingress.enabled needs ingress.hosts: write hosts: [{host: exporter.example.com, paths: [{path: /, pathType: Prefix}]}]" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
  {{- fail "httpRoute.enabled needs httpRoute.parentRefs: write parentRefs: [{name: my-gateway, namespace: gateways}]" -}}
{{- end -}}
{{- if and .Values.persistence.existingClaim (not .Values.persistence.enabled) -}}
  {{- fail "persistence.existingClaim is set and persistence.enabled is false: set persistence.enabled to true to use the claim, or leave existingClaim empty" -}}
{{- end -}}
{{- if and .Values.web.tls .Values.web.config -}}
  {{- fail "web.tls is for a web-config.yml in web.existingSecret: leave it false with web.config, where tls_server_config says it" -}}
{{- end -}}
{{- if and .Values.web.tls (not .Values.web.existingSecret) -}}
  {{- fail "web.tls is true and there is no web config file: name the Secret with web-config.yml, certificate and key in web.existingSecret, or write web.config" -}}
{{- end -}}

{{/* Flags that the chart sets itself: given twice, the exporter refuses them or the chart is wrong about them. */}}
{{- range .Values.extraArgs -}}
  {{- $flag := regexReplaceAll "[=\\s].*$" . "" -}}
  {{- $instead := get (dict "--config.file" "integrations or existingConfigSecret" "--storage.path" "persistence" "--web.listen-address" "containerPort" "--web.probe-address" "probes.port" "--web.telemetry-path" "web.telemetryPath" "--web.config.file" "web.config or web.existingSecret" "--web.external-url" "web.externalUrl" "--web.route-prefix" "web.routePrefix" "--web.max-requests" "web.maxRequests" "--web.show-users" "web.showUsers" "--web.enable-lifecycle" "web.enableLifecycle" "--web.openmetrics-created" "web.openmetricsCreated" "--log.level" "log.level" "--log.format" "log.format") $flag -}}
  {{- if $instead -}}
    {{- fail (printf "extraArgs has %s, which the chart sets itself: use %s instead" $flag $instead) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
  Secrets in a part of an integration: at most one form of each; none in plain text in a ConfigMap; files of the chart's
  own folder must come from somewhere. (dict "root" $ "path" "integrations[0]" "value" …)
*/}}
{{- define "exporter.validateSecrets" -}}
{{- $path := .path -}}
{{- $root := .root -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
  {{- range $secret := list "api_token" "api_key" "password" "client_secret" "refresh_token" "private_key" "key" "cert" "ca" -}}
    {{- $given := list -}}
    {{- range $form := list $secret (printf "%s_file" $secret) (printf "%s_env" $secret) -}}
      {{- if hasKey $value $form }}{{ $given = append $given $form }}{{ end -}}
    {{- end -}}
    {{- if gt (len $given) 1 -}}
      {{- fail (printf "%s has %s: keep one of them, best %s_file with a file of secrets.existingSecret" $path (join " and " $given) $secret) -}}
    {{- end -}}
    {{- if and (hasKey $value $secret) (eq $root.Values.config.kind "ConfigMap") (not (has $secret (list "cert" "ca"))) -}}
      {{- fail (printf "%s.%s is a secret in plain text, and config.kind is ConfigMap, which everybody may read: write %s_file and put the secret into secrets.existingSecret, or set config.kind to Secret" $path $secret $secret) -}}
    {{- end -}}
  {{- end -}}
  {{- if eq $root.Values.config.kind "ConfigMap" -}}
    {{- range $key := list "proxy_connect_header" "secrets" -}}
      {{- if hasKey $value $key -}}
        {{- fail (printf "%s.%s holds secrets, and config.kind is ConfigMap, which everybody may read: set config.kind to Secret" $path $key) -}}
      {{- end -}}
    {{- end -}}
    {{- if contains "@" (toString (default "" $value.proxy_url)) -}}
      {{- fail (printf "%s.proxy_url holds a password, and config.kind is ConfigMap, which everybody may read: set config.kind to Secret" $path) -}}
    {{- end -}}
  {{- end -}}
  {{- range $key, $part := $value -}}
    {{- $here := printf "%s.%s" $path $key -}}
    {{- if kindIs "string" $part -}}
      {{- if hasSuffix "_file" $key -}}
        {{- include "exporter.validateSecretFile" (dict "root" $root "path" $here "file" $part) -}}
      {{- end -}}
    {{- else if and (eq $key "files") (kindIs "slice" $part) -}}
      {{- range $index, $file := $part -}}
        {{- include "exporter.validateSecretFile" (dict "root" $root "path" (printf "%s[%d]" $here $index) "file" $file) -}}
      {{- end -}}
    {{- else -}}
      {{- include "exporter.validateSecrets" (dict "root" $root "path" $here "value" $part) -}}
    {{- end -}}
  {{- end -}}
{{- else if kindIs "slice" $value -}}
  {{- range $index, $part := $value -}}
    {{- include "exporter.validateSecrets" (dict "root" $root "path" (printf "%s[%d]" $path $index) "value" $part) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Exactly one way to sign in: (dict "path" … "value" … "ways" (list …)). */}}
{{- define "exporter.validateSignIn" -}}
{{- $given := list -}}
{{- range $key := keys .value | sortAlpha -}}
  {{- $way := regexReplaceAll "_(file|env)$" $key "" -}}
  {{- if and (has $way $.ways) (not (has $way $given)) }}{{ $given = append $given $way }}{{ end -}}
{{- end -}}
{{- if eq (len $given) 0 -}}
  {{- fail (printf "%s does not say how to sign in: write one of %s" .path (join ", " .ways)) -}}
{{- else if gt (len $given) 1 -}}
  {{- fail (printf "%s has %s: keep exactly one way to sign in" .path (join " and " $given)) -}}
{{- end -}}
{{- end -}}

{{/* What a way to sign in at ServiceNow needs: (dict "path" … "value" the account). */}}
{{- define "exporter.validateAccount" -}}
{{- $path := .path -}}
{{- with .value.client_certificate -}}
  {{- include "exporter.validateParts" (dict "path" (printf "%s.client_certificate" $path) "value" . "parts" (list "cert" "key")) -}}
{{- end -}}
{{- with .value.oauth2 -}}
  {{- $grant := default "client_credentials" .grant_type -}}
  {{- $needs := dict "client_credentials" (list "client_secret") "password" (list "client_secret" "username" "password") "refresh_token" (list "client_secret" "refresh_token") "jwt_bearer" (list "private_key" "subject") -}}
  {{- $here := printf "%s.oauth2 with grant_type %s" $path $grant -}}
  {{- include "exporter.validateParts" (dict "path" $here "value" . "parts" (get $needs $grant)) -}}
  {{- range $key := keys . | sortAlpha -}}
    {{- $part := regexReplaceAll "_(file|env)$" $key "" -}}
    {{- if and (has $part (list "username" "password" "refresh_token" "private_key" "key_id" "subject")) (not (has $part (get $needs $grant))) (not (and (eq $part "key_id") (eq $grant "jwt_bearer"))) -}}
      {{- fail (printf "%s has %s, which has no meaning there: remove it, or write the grant_type that it belongs to" $here $key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Each part is there, in one of the forms of a secret: (dict "path" … "value" … "parts" (list …)). */}}
{{- define "exporter.validateParts" -}}
{{- range $part := .parts -}}
  {{- if not (or (hasKey $.value $part) (hasKey $.value (printf "%s_file" $part)) (hasKey $.value (printf "%s_env" $part))) -}}
    {{- if has $part (list "username" "subject") -}}
      {{- fail (printf "%s needs %s: write it" $.path $part) -}}
    {{- end -}}
    {{- fail (printf "%s needs %s_file: put the %s into a key of secrets.existingSecret and write %s_file: /etc/okta-servicenow-exporter/secrets/<key>" $.path $part (replace "_" " " $part) $part) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A file that a secret is read from: (dict "root" $ "path" "integrations[0].…" "file" "/etc/…"). */}}
{{- define "exporter.validateSecretFile" -}}
{{- $folder := printf "%s/" (include "exporter.secretsFolder" .root) -}}
{{- if not (hasPrefix "/" .file) -}}
  {{- fail (printf "%s: %s is a relative path, and beside the configuration there are no files: write %s%s, for the key %s of secrets.existingSecret" .path .file $folder (base .file) (base .file)) -}}
{{- end -}}
{{- if hasPrefix $folder .file -}}
  {{- $key := trimPrefix $folder .file -}}
  {{- if not (include "exporter.secretsName" .root) -}}
    {{- fail (printf "%s names the file %s of the chart's secrets, and there are none: create a Secret with the key %s and name it in secrets.existingSecret" .path $key $key) -}}
  {{- else if and .root.Values.secrets.values (not (hasKey .root.Values.secrets.values $key)) -}}
    {{- fail (printf "%s names the file %s, which secrets.values does not have: add it there; it has %s" .path $key (keys .root.Values.secrets.values | sortAlpha | join ", ")) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
