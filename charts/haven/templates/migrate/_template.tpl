{{/* The pod of the migration; with the try-out database's examples, they come after it. */}}
{{- define "haven.migrateTemplate" -}}
{{- $tryout := .root.Values.database.tryout -}}
metadata:
  labels:
    {{- include "haven.podLabels" . | nindent 4 }}
spec:
  {{- include "haven.podBase" . | nindent 2 }}
  restartPolicy: Never
  {{- if and $tryout.enabled $tryout.seed }}
  initContainers:
    {{- include "haven.migrateContainer" (merge (dict "command" "migrate") .) | nindent 4 }}
  containers:
    {{- include "haven.migrateContainer" (merge (dict "command" "seed") .) | nindent 4 }}
  {{- else }}
  containers:
    {{- include "haven.migrateContainer" (merge (dict "command" "migrate") .) | nindent 4 }}
  {{- end }}
  volumes:
    {{- include "haven.volumes" . | nindent 4 }}
{{- end -}}

{{- define "haven.migrateContainer" -}}
- name: {{ .command }}
  {{- if eq .command "migrate" }}
  # patience for a database that is new as well; half of the Job's time, so that it ends by itself and keeps its log
  command: [haven, migrate, --patience, {{ div .values.activeDeadlineSeconds 2 | quote }}]
  {{- else }}
  command: [haven, {{ .command }}]
  {{- end }}
  {{- include "haven.containerBase" . | nindent 2 }}
  env:
    {{- include "haven.env" . | nindent 4 }}
  volumeMounts:
    {{- include "haven.mounts" . | nindent 4 }}
{{- end -}}
