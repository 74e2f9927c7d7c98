{{/* What stands beside Redis in its pod, and what they share. The guardian, which comes first, is in statefulset.yaml. */}}

{{- define "haven.sentinelContainer" -}}
image: {{ .Values.redis.image }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [{{ .Values.redis.engine }}-sentinel, /data/sentinel/sentinel.conf]
securityContext:
  {{- include "haven.containerSecurity" . | nindent 2 }}
resources:
  {{- toYaml .Values.redis.sentinel.resources | nindent 2 }}
ports:
  - {name: sentinel, containerPort: 26379}
livenessProbe:
  exec: {command: [{{ .Values.redis.engine }}-cli, -s, /run/haven/socket/sentinel.sock, ping]}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
lifecycle:
  # a handover needs two of three Sentinels to agree, so this one stays until it is done
  preStop:
    httpGet: {path: /drained, port: 9200}
volumeMounts:
  - {name: data, mountPath: /data}
  {{- with include "haven.redisTlsMount" . }}
  {{- . | nindent 2 }}
  {{- end }}
  - {name: socket, mountPath: /run/haven/socket}
{{- end -}}

{{- define "haven.exporterContainer" -}}
image: {{ .Values.redis.exporter.image }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "haven.containerSecurity" . | nindent 2 }}
resources:
  {{- toYaml .Values.redis.exporter.resources | nindent 2 }}
env:
  {{- if .Values.redis.tls.enabled }}
  - {name: REDIS_ADDR, value: "rediss://127.0.0.1:6379"}
  # to its own pod, over loopback, which no certificate names
  - {name: REDIS_EXPORTER_SKIP_TLS_VERIFICATION, value: "true"}
  {{- else }}
  - {name: REDIS_ADDR, value: "redis://127.0.0.1:6379"}
  {{- end }}
  - {name: REDIS_USER, value: exporter}
  - {name: REDIS_PASSWORD_FILE, value: /run/haven/exporter/passwords.json}
  # its user reads no parameters: masterauth is one
  - {name: REDIS_EXPORTER_CONFIG_COMMAND, value: "-"}
ports:
  - {name: metrics, containerPort: 9121}
livenessProbe:
  httpGet: {path: /health, port: metrics}
  periodSeconds: 30
  timeoutSeconds: 5
volumeMounts:
  - {name: exporter-conf, mountPath: /run/haven/exporter, readOnly: true}
{{- end -}}

{{- define "haven.redisTlsMount" -}}
{{- if .Values.redis.tls.enabled -}}
- {name: tls, mountPath: /run/secrets/haven-redis-tls, readOnly: true}
{{- end -}}
{{- end -}}
