{{/* image, security, resources of a Python container. */}}
{{- define "haven.containerBase" -}}
image: {{ include "haven.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "haven.containerSecurity" . | nindent 2 }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
{{- end -}}

{{/* The pod waits until the database has the schema that this version works with: see migrate/job.yaml. */}}
{{- define "haven.waitForSchema" -}}
- name: wait-for-schema
  command: [haven, migrate, --only-wait, --patience, "600"]
  {{- include "haven.containerBase" . | nindent 2 }}
  env:
    {{- include "haven.env" (dict "root" .root) | nindent 4 }}
  volumeMounts:
    {{- include "haven.mounts" (dict "root" .root) | nindent 4 }}
{{- end -}}

{{/* Liveness never asks Redis: an outage would restart every pod at once. Readiness forgives HAVEN_READY_GRACE seconds. */}}
{{- define "haven.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: {{ .port }}}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  # every thread may be waiting for Redis within its deadline; a minute is beyond any such wait
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{/* While its address leaves the Services and the proxies, the container goes on as before. */}}
{{- define "haven.drain" -}}
{{- with .drain -}}
lifecycle:
  preStop:
    sleep:
      seconds: {{ . }}
{{- end }}
{{- end -}}
