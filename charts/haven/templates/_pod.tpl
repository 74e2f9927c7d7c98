{{/* What every pod of the release has, and what every Python pod has. */}}

{{/* Pod Security "restricted", for any container. */}}
{{- define "haven.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/*
The pod's own part of it. Takes "uid"; the group is the same, and owns the volumes, so that files of mode 0440 can be read.
OnRootMismatch: a large volume's files are not walked through at every start.
*/}}
{{- define "haven.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/*
Where pods go and as whom. Takes root, component, values (of the component) and uid.
Spreading is a wish in both cases: with a node or a zone gone, the pods that are left must still find a place.
*/}}
{{- define "haven.podBase" -}}
serviceAccountName: {{ include "haven.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "haven.podSecurity" . | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Spreading of a Deployment's pods; each rollout's pods among themselves, or the old ones would push the new aside. */}}
{{- define "haven.spread" -}}
topologySpreadConstraints:
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "haven.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}

{{/*
labels and annotations of a component's pods. No version of the chart, which would restart them for a comment; and no
checksum of a Secret, as passwords of a running release never change by an upgrade.
*/}}
{{- define "haven.podMetadata" -}}
labels:
  {{- include "haven.podLabels" . | nindent 2 }}
annotations:
  kubectl.kubernetes.io/default-container: {{ .component }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Variables that the chart sets for all Python pods, as a YAML map. */}}
{{- define "haven.commonEnv" -}}
HAVEN_ENV: production
SECRET_KEY_FILE: /run/secrets/haven/secret-key
DATABASE_URL_FILE: /run/secrets/haven/database-url
{{- end -}}

{{/*
The pod's namespace, as the first of its variables: Kubernetes puts it wherever a later one says $(POD_NAMESPACE). So what
is rendered holds no namespace but in metadata, and kustomize can put it into any.
*/}}
{{- define "haven.podNamespace" -}}
name: POD_NAMESPACE
valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end -}}

{{/*
A container's env: the chart's, the component's own ("env", a map) and `settings`, sorted, each name once (which of two
entries of one name an upgrade keeps is chance). "redis": whether the pod talks to Redis; "tasks": whether it enqueues or
runs them.
*/}}
{{- define "haven.env" -}}
{{- $all := include "haven.commonEnv" .root | fromYaml -}}
{{- if .redis -}}
{{- $all = merge $all (include "haven.redisEnv" .root | fromYaml) -}}
{{- end -}}
{{- if and .tasks .root.Values.secrets.signTasks -}}
{{- $_ := set $all "HAVEN_TASK_KEY_FILE" "/run/secrets/haven/task-key" -}}
{{- end -}}
{{- $all = merge (dict) .root.Values.settings (.env | default dict) $all -}}
{{- $list := list -}}
{{- if and .redis .root.Values.redis.enabled -}}
{{- $list = list (include "haven.podNamespace" . | fromYaml) -}}
{{- end -}}
{{- range $name := keys $all | sortAlpha -}}
{{- $list = append $list (dict "name" $name "value" (get $all $name | toString)) -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{- define "haven.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: secrets
  mountPath: /run/secrets/haven
  readOnly: true
{{- if .redis }}
{{- include "haven.redisMounts" .root }}
{{- end }}
{{- range $name, $path := .scratch }}
- name: {{ $name }}
  mountPath: {{ $path }}
{{- end }}
{{- end -}}

{{/* "scratch": further directories that can be written, name and path. Each volume takes only the keys it needs. */}}
{{- define "haven.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "haven.secretName" .root }}
          items:
            - {key: secret-key, path: secret-key}
            {{- if and .tasks .root.Values.secrets.signTasks }}
            - {key: task-key, path: task-key}
            {{- end }}
      - secret:
          name: {{ .root.Values.database.existingSecret | default (include "haven.secretName" .root) }}
          items:
            - {key: {{ if .root.Values.database.existingSecret }}{{ .root.Values.database.existingSecretKey }}{{ else }}database-url{{ end }}, path: database-url}
{{- if .redis }}
{{- include "haven.redisVolumes" .root }}
{{- end }}
{{- range $name, $_ := .scratch }}
- name: {{ $name }}
  emptyDir:
    {{- if eq $name "metrics" }}
    medium: Memory # the processes of a pod share them by it; every request and every task writes
    sizeLimit: 64Mi
    {{- else }}
    sizeLimit: 128Mi
    {{- end }}
{{- end }}
{{- end -}}
