{{/* What every object carries. */}}
{{- define "tradewind.labels" -}}
app.kubernetes.io/part-of: tradewind
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{/* Which pods: of a part, in this installation. Call with (list $ "part"). */}}
{{- define "tradewind.pods" -}}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/name: {{ index . 1 }}
{{- end }}
{{/* A container may do nothing but its work. */}}
{{- define "tradewind.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ . }}
capabilities: {drop: [ALL]}
{{- end }}
{{/* Of one part no two on one node, nor in one zone, where there are enough of them. Call with (list $ "part"). */}}
{{- define "tradewind.apart" -}}
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "tradewind.pods" . | nindent 6 }}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "tradewind.pods" . | nindent 6 }}
{{- end }}
