{{- define "exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters: a StatefulSet's name and a revision's hash make a label of at most 63. */}}
{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What never changes in an upgrade. */}}
{{- define "exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: exporter
app.kubernetes.io/part-of: {{ include "exporter.name" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The metadata of a resource: (dict "root" $ "name" … "namespace" … "labels" … "annotations" …). */}}
{{- define "exporter.metadata" -}}
name: {{ .name }}
namespace: {{ default .root.Release.Namespace .namespace }}
labels:
  {{- $labels := include "exporter.labels" .root | fromYaml }}
  {{- toYaml (mergeOverwrite $labels (deepCopy (default dict .labels))) | nindent 2 }}
{{- with merge (deepCopy (default dict .annotations)) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "exporter.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $repository := ternary (printf "%s/%s" $registry .Values.image.repository) .Values.image.repository (ne $registry "") -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "exporter.imagePullSecrets" -}}
{{- with concat .Values.global.imagePullSecrets .Values.imagePullSecrets | uniq -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Where things lie in the container. */}}
{{- define "exporter.configFolder" -}}/etc/okta-servicenow-exporter/config{{- end -}}
{{- define "exporter.secretsFolder" -}}/etc/okta-servicenow-exporter/secrets{{- end -}}
{{- define "exporter.webFolder" -}}/etc/okta-servicenow-exporter/web{{- end -}}
{{- define "exporter.stateFolder" -}}/var/lib/okta-servicenow-exporter{{- end -}}

{{- define "exporter.config" -}}
{{- $config := dict "integrations" .Values.integrations -}}
{{- with .Values.config.global }}{{ $_ := set $config "global" . }}{{ end -}}
{{- with .Values.config.classification }}{{ $_ := set $config "classification" . }}{{ end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "exporter.secretsName" -}}
{{- if .Values.secrets.existingSecret -}}
{{- .Values.secrets.existingSecret -}}
{{- else if .Values.secrets.values -}}
{{- include "exporter.fullname" . }}-secrets
{{- end -}}
{{- end -}}

{{- define "exporter.hasWebConfig" -}}
{{- if or .Values.web.config .Values.web.existingSecret -}}true{{- end -}}
{{- end -}}

{{- define "exporter.scheme" -}}
{{- ternary "https" "http" (or .Values.web.tls (hasKey .Values.web.config "tls_server_config")) -}}
{{- end -}}

{{/* As the exporter has it: the path of the external URL, unless it is given. */}}
{{- define "exporter.routePrefix" -}}
{{- if .Values.web.routePrefix -}}
{{- .Values.web.routePrefix | trimSuffix "/" -}}
{{- else if .Values.web.externalUrl -}}
{{- (urlParse .Values.web.externalUrl).path | trimSuffix "/" -}}
{{- end -}}
{{- end -}}

{{- define "exporter.metricsPath" -}}
{{- include "exporter.routePrefix" . -}}{{- .Values.web.telemetryPath -}}
{{- end -}}

{{/* The TCP ports of an integration's URLs and proxies, and 443: {"ports": […]}. */}}
{{- define "exporter.egressPorts" -}}
{{- $ports := list 443 -}}
{{- range .Values.integrations -}}
  {{- range $side := list (default dict .okta) (default dict .servicenow) -}}
    {{- $http := default dict $side.http -}}
    {{- range $url := list (default "" $side.url) (default "" $http.proxy_url) -}}
      {{- if contains "://" $url -}}
        {{- $parsed := urlParse $url -}}
        {{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parsed.host) -}}
        {{- $usual := get (dict "http" 80 "https" 443 "socks5" 1080 "socks5h" 1080) (lower $parsed.scheme) -}}
        {{- if and (eq $port "") (eq $url (default "" $http.proxy_url)) }}{{ $usual = 1080 }}{{ end -}}
        {{- $ports = append $ports (int (default $usual $port)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.egress.extraPorts }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- dict "ports" (uniq $ports) | toYaml -}}
{{- end -}}
