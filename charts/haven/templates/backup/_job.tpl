{{/*
A Job that speaks to Redis as one user, beside a server that loads what it copies: only a Redis reads a backup. Takes root,
component, user (of Redis; at the Sentinels it is the application), command.
*/}}
{{- define "haven.backupJob" -}}
{{- $root := .root -}}
{{- $b := $root.Values.backup -}}
{{- $pod := dict "root" $root "component" .component "values" $b "uid" 10001 -}}
backoffLimit: 2
# a refusal or a wrong option stays one, however often it is tried
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes: {containerName: {{ .component }}, operator: In, values: [2, 64]}
activeDeadlineSeconds: {{ $b.maxDuration }}
template:
  metadata:
    {{- include "haven.podMetadata" $pod | nindent 4 }}
  spec:
    {{- include "haven.podBase" $pod | nindent 4 }}
    restartPolicy: Never
    initContainers:
      # a sidecar: it ends with the pod, and keeps nothing
      - name: engine
        restartPolicy: Always
        image: {{ $root.Values.redis.image }}
        imagePullPolicy: {{ $root.Values.image.pullPolicy }}
        command: [{{ $root.Values.redis.engine }}-server, --bind, 127.0.0.1, --save, "", --appendonly, "no", --dir, /tmp]
        securityContext:
          {{- include "haven.containerSecurity" $root | nindent 10 }}
        resources:
          {{- toYaml $b.engine.resources | nindent 10 }}
        volumeMounts:
          - {name: engine, mountPath: /tmp}
    containers:
      - name: {{ .component }}
        command:
          {{- toYaml .command | nindent 10 }}
          - --engine=127.0.0.1:6379
        {{- include "haven.containerBase" $pod | nindent 8 }}
        env:
          - {{ include "haven.podNamespace" $root | nindent 12 | trim }}
          # it signs nothing and opens no database: production would insist on the keys to both
          - {name: HAVEN_ENV, value: development}
          - {name: REDIS_USERNAME, value: {{ .user }}}
          - {name: REDIS_PASSWORD_FILE, value: /run/secrets/haven-redis/{{ .user }}}
          {{- $env := include "haven.redisEnv" $root | fromYaml }}
          {{- range $name := keys (omit $env "REDIS_USERNAME" "REDIS_PASSWORD_FILE") | sortAlpha }}
          - {name: {{ $name }}, value: {{ get $env $name | quote }}}
          {{- end }}
        volumeMounts:
          - {name: tmp, mountPath: /tmp}
          - {name: backups, mountPath: /backups, readOnly: {{ eq .component "restore" }}}
          {{- include "haven.redisMounts" $root | trim | nindent 10 }}
    volumes:
      - name: tmp
        emptyDir: {sizeLimit: 16Mi}
      - name: engine
        emptyDir: {sizeLimit: 64Mi}
      - name: backups
        persistentVolumeClaim:
          claimName: {{ $b.storage.existingClaim | default (printf "%s-backups" (include "haven.fullname" $root)) }}
      - name: redis-password
        projected:
          defaultMode: 0440
          sources:
            - secret:
                name: {{ include "haven.secretName" $root }}
                items:
                  - {key: app, path: app}
                  - {key: {{ .user }}, path: {{ .user }}}
      {{- if $root.Values.redis.tls.enabled }}
      - name: redis-tls
        projected:
          defaultMode: 0440
          sources:
            {{- include "haven.redisTlsSources" $root | trim | nindent 12 }}
      {{- end }}
{{- end -}}
