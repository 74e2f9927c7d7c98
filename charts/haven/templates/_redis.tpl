{{/* How the application finds Redis and signs in. The only place that knows whether Redis is the chart's own. */}}

{{/*
The name of the primary at the Sentinels. Unique in a cluster, so that Sentinels of two releases that ever meet (an
address is used again) never take each other's Redis for their own.
*/}}
{{- define "haven.redisMaster" -}}
$(POD_NAMESPACE)-{{ include "haven.fullname" . }}
{{- end -}}

{{/*
The Sentinels: one Service per Redis pod, which keeps its address however often the pod moves. With the namespace, because
in a pod its own bare name is the pod's address, which changes.
*/}}
{{- define "haven.redisSentinels" -}}
{{- $name := include "haven.fullname" . -}}
{{- if .Values.redis.enabled -}}
{{- range $i := until 3 }}{{ if $i }},{{ end }}{{ $name }}-redis-{{ $i }}.$(POD_NAMESPACE).svc:26379{{ end -}}
{{- else -}}
{{- join "," .Values.externalRedis.sentinels -}}
{{- end -}}
{{- end -}}

{{/* The variables of an application pod, as a YAML map. */}}
{{- define "haven.redisEnv" -}}
{{- if .Values.redis.enabled -}}
REDIS_SENTINEL_HOSTS: {{ include "haven.redisSentinels" . }}
REDIS_SENTINEL_MASTER: {{ include "haven.redisMaster" . }}
REDIS_USERNAME: app
REDIS_PASSWORD_FILE: /run/secrets/haven-redis/app
REDIS_SENTINEL_USERNAME: app
REDIS_SENTINEL_PASSWORD_FILE: /run/secrets/haven-redis/app
{{- if .Values.redis.tls.enabled }}
{{ include "haven.redisTlsEnv" . }}
{{- end }}
{{- else }}
{{- with .Values.externalRedis -}}
{{- if eq .mode "sentinel" -}}
REDIS_SENTINEL_HOSTS: {{ include "haven.redisSentinels" $ }}
REDIS_SENTINEL_MASTER: {{ .master | quote }}
{{- with .sentinelUsername }}
REDIS_SENTINEL_USERNAME: {{ . | quote }}
{{- end }}
{{- if .sentinelExistingSecretKey }}
REDIS_SENTINEL_PASSWORD_FILE: /run/secrets/haven-redis/sentinel
{{- end }}
{{- else -}}
REDIS_HOST: {{ .host | quote }}
REDIS_PORT: {{ .port | quote }}
{{- end }}
{{- with .username }}
REDIS_USERNAME: {{ . | quote }}
{{- end }}
{{- if .existingSecret }}
REDIS_PASSWORD_FILE: /run/secrets/haven-redis/app
{{- end }}
{{- if .tls.enabled }}
REDIS_SSL: "true"
{{- if .tls.caSecret }}
REDIS_SSL_CA: /run/secrets/haven-redis-tls/ca.crt
{{- end }}
{{- if .tls.clientSecret }}
REDIS_SSL_CERT: /run/secrets/haven-redis-tls/tls.crt
REDIS_SSL_KEY: /run/secrets/haven-redis-tls/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* How every client checks the servers of the chart's own Redis: they are known by one name, as they announce addresses. */}}
{{- define "haven.redisTlsEnv" -}}
REDIS_SSL: "true"
REDIS_SSL_CA: /run/secrets/haven-redis-tls/ca.crt
REDIS_SSL_NAME: {{ include "haven.redisTlsName" . }}
{{- end -}}

{{- define "haven.redisTlsName" -}}
{{ .Values.redis.tls.name | default (printf "%s-redis" (include "haven.fullname" .)) }}
{{- end -}}

{{- define "haven.redisTlsSecret" -}}
{{ .Values.redis.tls.existingSecret | default (printf "%s-redis-tls" (include "haven.fullname" .)) }}
{{- end -}}

{{/* What an application pod mounts for it: the password at /run/secrets/haven-redis, certificates at haven-redis-tls. */}}
{{- define "haven.redisMounts" -}}
{{- if include "haven.redisSources" . }}
- name: redis-password
  mountPath: /run/secrets/haven-redis
  readOnly: true
{{- end }}
{{- if include "haven.redisTlsSources" . }}
- name: redis-tls
  mountPath: /run/secrets/haven-redis-tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "haven.redisVolumes" -}}
{{- with include "haven.redisSources" . }}
- name: redis-password
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- with include "haven.redisTlsSources" . }}
- name: redis-tls
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "haven.redisSources" -}}
{{- if .Values.redis.enabled -}}
- secret:
    name: {{ include "haven.secretName" . }}
    items:
      - {key: app, path: app}
{{- else if .Values.externalRedis.existingSecret -}}
{{- with .Values.externalRedis -}}
- secret:
    name: {{ .existingSecret }}
    items:
      - {key: {{ .existingSecretKey }}, path: app}
      {{- if and (eq .mode "sentinel") .sentinelExistingSecretKey }}
      - {key: {{ .sentinelExistingSecretKey }}, path: sentinel}
      {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.redisTlsSources" -}}
{{- if .Values.redis.enabled -}}
{{- if .Values.redis.tls.enabled -}}
- secret:
    name: {{ include "haven.redisTlsSecret" . }}
    items:
      - {key: ca.crt, path: ca.crt}
{{- end -}}
{{- else if .Values.externalRedis.tls.enabled -}}
{{- with .Values.externalRedis.tls -}}
{{- if .caSecret }}
- secret:
    name: {{ .caSecret }}
    items:
      - {key: {{ .caKey }}, path: ca.crt}
{{- end }}
{{- if .clientSecret }}
- secret:
    name: {{ .clientSecret }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
