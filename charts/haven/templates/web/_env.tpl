{{/* What web and realtime share: where they listen, and who is in front of them. */}}
{{- define "haven.httpEnv" -}}
{{- $proxies := .Values.web.trustedProxies -}}
{{- if kindIs "invalid" $proxies -}}
{{- $proxies = ternary 1 0 (or .Values.ingress.enabled .Values.httpRoute.enabled) -}}
{{- end -}}
HAVEN_HTTP_HOST: 0.0.0.0
HAVEN_HTTP_PORT: "8000"
HAVEN_TRUSTED_PROXIES: {{ $proxies | int | quote }}
HAVEN_METRICS_DIR: /var/lib/haven/metrics
{{- end -}}

{{- define "haven.webEnv" -}}
{{ include "haven.httpEnv" . }}
{{- with .Values.web }}
HAVEN_REPLICAS: {{ ternary .autoscaling.max .replicas .autoscaling.enabled | int | quote }}
HAVEN_WEB_WORKERS: {{ .workers | int | quote }}
HAVEN_WEB_THREADS: {{ .threads | int | quote }}
HAVEN_WEB_STREAMS: {{ .streams | int | quote }}
HAVEN_GRACE: {{ .grace | int | quote }}
{{- end }}
{{- end -}}

{{- define "haven.realtimeEnv" -}}
{{ include "haven.httpEnv" . }}
{{- with .Values.realtime }}
HAVEN_REPLICAS: {{ ternary .autoscaling.max .replicas .autoscaling.enabled | int | quote }}
HAVEN_REALTIME_WORKERS: {{ .workers | int | quote }}
HAVEN_REALTIME_STREAMS: {{ .streams | int | quote }}
HAVEN_GRACE: {{ .grace | int | quote }}
{{- end }}
{{- end -}}
