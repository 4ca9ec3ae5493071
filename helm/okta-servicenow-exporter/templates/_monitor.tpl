{{/* An endpoint of ServiceMonitor or PodMonitor: (dict "root" $ "monitor" .Values.serviceMonitor). */}}
{{- define "exporter.endpoint" -}}
port: metrics
path: {{ include "exporter.metricsPath" .root }}
scheme: {{ include "exporter.scheme" .root }}
{{- with .monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
relabelings:
  # Counters go on from the stored state when the pod comes back with another address: so must their series.
  - sourceLabels: [__meta_kubernetes_pod_name]
    targetLabel: instance
  # The shipped rules look for this job, whatever the release is called.
  - targetLabel: job
    replacement: {{ .root.Values.monitoring.job }}
  # These change with the pod or the node, and with them every series would begin anew.
  - regex: pod|container|endpoint|node
    action: labeldrop
  {{- with .monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
