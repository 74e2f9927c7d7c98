{{/* The edges that several policies name. Each is one rule, or none. */}}

{{/* A policy of one component. Takes root, component, "ingress" and "egress" (text). */}}
{{- define "haven.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "haven.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "haven.selector" . | nindent 6 }}
    matchExpressions:
      # what a drill cuts off is left with the policy that denies everything
      - {key: haven-drill, operator: NotIn, values: [cut-off]}
  policyTypes: [Ingress, Egress]
  {{- with .ingress | trim }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .egress | trim }}
  egress:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Pods of one component, as a peer. Takes (list $ "web"). */}}
{{- define "haven.peer" -}}
podSelector:
  matchLabels:
    {{- include "haven.selector" (dict "root" (index . 0) "component" (index . 1)) | nindent 4 }}
{{- end -}}

{{/* From named components to some ports. Takes root, "from" (components) and "ports". */}}
{{- define "haven.from" -}}
- from:
    {{- range .from }}
    - {{ include "haven.peer" (list $.root .) | nindent 6 | trim }}
    {{- end }}
  ports:
    {{- range .ports }}
    - {port: {{ . }}}
    {{- end }}
{{- end -}}

{{/* To one component. Takes root, "to" and "ports". */}}
{{- define "haven.to" -}}
- to:
    - {{ include "haven.peer" (list .root .to) | nindent 6 | trim }}
  ports:
    {{- range .ports }}
    - {port: {{ . }}}
    {{- end }}
{{- end -}}

{{/* Prometheus, to some ports. Takes root and "ports". */}}
{{- define "haven.fromMonitoring" -}}
{{- with .root.Values.networkPolicy.monitoringFrom -}}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    {{- range $.ports }}
    - {port: {{ . }}}
    {{- end }}
{{- end }}
{{- end -}}

{{- define "haven.toDns" -}}
{{- with .Values.networkPolicy.dns -}}
- ports:
    {{- range .ports }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The API server: its Service's port, and the one behind it, which is what a policy sees. */}}
{{- define "haven.toKubernetes" -}}
{{- with .Values.networkPolicy.kubernetes -}}
- ports:
    {{- range .ports }}
    - {port: {{ . }}}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "haven.toMonitoring" -}}
- to:
    {{- toYaml .Values.networkPolicy.monitoringFrom | nindent 4 }}
{{- end -}}

{{- define "haven.toDatabase" -}}
{{- if .Values.database.tryout.enabled -}}
{{- include "haven.to" (dict "root" . "to" "postgres" "ports" (list 5432)) -}}
{{- else -}}
- to:
    {{- toYaml .Values.networkPolicy.database.to | nindent 4 }}
  ports:
    - {port: {{ .Values.networkPolicy.database.port }}}
{{- end -}}
{{- end -}}

{{- define "haven.toRedis" -}}
{{- if .Values.redis.enabled -}}
{{- include "haven.to" (dict "root" . "to" "redis" "ports" (list 6379 26379)) -}}
{{- else -}}
{{- $ports := .Values.networkPolicy.externalRedis.ports -}}
{{- if not $ports -}}
{{- $ports = list 6379 -}}
{{- with .Values.externalRedis -}}
{{- if eq .mode "standalone" -}}
{{- $ports = list (.port | int) -}}
{{- else -}}
{{- range .sentinels -}}{{- $ports = append $ports (splitList ":" . | last | int) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
- to:
    {{- toYaml .Values.networkPolicy.externalRedis.to | nindent 4 }}
  ports:
    {{- range $ports | uniq }}
    - {port: {{ . | int }}}
    {{- end }}
{{- end -}}
{{- end -}}

{{/* What the application's pods reach. */}}
{{- define "haven.appEgress" -}}
{{ include "haven.toDatabase" . }}
{{ include "haven.toRedis" . }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Who reaches web and realtime: the world behind an ingress controller, `helm test` and drills, Prometheus. */}}
{{- define "haven.httpIngress" -}}
- ports:
    - {port: http}
  {{- with .Values.networkPolicy.ingressFrom }}
  from:
    {{- toYaml . | nindent 4 }}
    - {{ include "haven.peer" (list $ "test") | nindent 6 | trim }}
  {{- end }}
{{- if .Values.networkPolicy.ingressFrom }}
{{ include "haven.fromMonitoring" (dict "root" . "ports" (list "http")) }}
{{- end }}
{{- end -}}
