{{/* The guardian's environment, as a YAML map. */}}
{{- define "haven.guardianEnv" -}}
{{- $name := include "haven.fullname" . -}}
HAVEN_ENV: production
HAVEN_OPS_HOST: 0.0.0.0
HAVEN_OPS_PORT: "9200"
HAVEN_GUARDIAN_NODES: {{ range $i := until 3 }}{{ if $i }},{{ end }}{{ $name }}-redis-{{ $i }}={{ $name }}-redis-{{ $i }}.$(POD_NAMESPACE).svc:6379{{ end }}
HAVEN_GUARDIAN_ANNOUNCE: addresses
HAVEN_GUARDIAN_REDIS: 127.0.0.1:6379
HAVEN_GUARDIAN_SENTINEL: 127.0.0.1:26379
HAVEN_GUARDIAN_USERS: /run/secrets/haven-users
HAVEN_GUARDIAN_FILES: /run/haven
{{- if .Values.redis.exporter.enabled }}
HAVEN_GUARDIAN_EXPORTER: 127.0.0.1:9121
{{- end }}
HAVEN_GUARDIAN_TOKEN_FILE: /run/secrets/haven-users/guardian-token
HAVEN_GUARDIAN_PATIENCE: {{ .Values.redis.guardian.patience | quote }}
HAVEN_SENTINEL_CONF: /data/sentinel/sentinel.conf
HAVEN_SENTINEL_BASE: /etc/haven/sentinel.conf
HAVEN_SENTINEL_AUTH_USER: sentinel
HAVEN_SENTINEL_AUTH_PASSWORD_FILE: /run/secrets/haven-users/sentinel
{{- with .Values.redis.sentinel }}
HAVEN_SENTINEL_DOWN_AFTER_MS: {{ .downAfterMs | quote }}
HAVEN_SENTINEL_FAILOVER_TIMEOUT_MS: {{ .failoverTimeoutMs | quote }}
{{- end }}
REDIS_SENTINEL_HOSTS: {{ include "haven.redisSentinels" . }}
REDIS_SENTINEL_MASTER: {{ include "haven.redisMaster" . }}
REDIS_USERNAME: guardian
REDIS_PASSWORD_FILE: /run/secrets/haven-users/guardian
REDIS_SENTINEL_USERNAME: guardian
REDIS_SENTINEL_PASSWORD_FILE: /run/secrets/haven-users/guardian
{{- if .Values.redis.tls.enabled }}
{{ include "haven.redisTlsEnv" . }}
REDIS_SSL_CERT: /run/secrets/haven-redis-tls/tls.crt
REDIS_SSL_KEY: /run/secrets/haven-redis-tls/tls.key
{{- end }}
# a production configuration must have one; a guardian signs nothing, and does not see the application's
SECRET_KEY_FILE: /run/secrets/haven-users/guardian-token
{{- end -}}

{{/* The same as a list, sorted; its own name and namespace are the pod's. */}}
{{- define "haven.guardianEnvList" -}}
{{- $all := include "haven.guardianEnv" . | fromYaml -}}
{{- $own := dict "name" "HAVEN_GUARDIAN_NAME" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name")) -}}
{{- $list := list (include "haven.podNamespace" . | fromYaml) $own -}}
{{- range $key := keys $all | sortAlpha -}}
{{- $list = append $list (dict "name" $key "value" (get $all $key)) -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/* From SIGTERM to SIGKILL: the handover (the guardian waits DRAIN seconds at most), Redis's own end, a margin. */}}
{{- define "haven.redisTermination" -}}
{{- if kindIs "invalid" .terminationGracePeriodSeconds -}}
{{ include "haven.redisLeastTermination" . }}
{{- else -}}
{{ .terminationGracePeriodSeconds | int }}
{{- end -}}
{{- end -}}

{{- define "haven.redisLeastTermination" -}}
{{ add 15 (.shutdownTimeout | int) 5 }}
{{- end -}}
