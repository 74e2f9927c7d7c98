{{/* What worker and subscriber share: probes and metrics on a port of their own, and a directory for the example's files. */}}
{{- define "haven.opsEnv" -}}
HAVEN_OPS_HOST: 0.0.0.0
HAVEN_OPS_PORT: "9100"
HAVEN_FILES_DIR: /var/lib/haven/files
{{- end -}}

{{- define "haven.workerEnv" -}}
{{ include "haven.opsEnv" . }}
HAVEN_METRICS_DIR: /var/lib/haven/metrics
{{- with .Values.worker }}
HAVEN_WORKER_PROCESSES: {{ .processes | int | quote }}
HAVEN_WORKER_THREADS: {{ .threads | int | quote }}
HAVEN_WORKER_MAX_TASKS: {{ .maxTasks | int | quote }}
HAVEN_WORKER_MAX_MEMORY: {{ .maxMemory | int | quote }}
HAVEN_TASK_GRACE: {{ .taskGrace | int | quote }}
{{- end }}
{{- end -}}
