{{/* The chart's name, as a label. */}}
{{- define "haven.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/*
The start of every object's name. 40 characters, so that what Kubernetes adds (a StatefulSet's revision, a pod's random
end) stays within its 63.
*/}}
{{- define "haven.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "haven.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "haven.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of this release; with a component, those of one component. Takes (dict "root" $ "component" "web"). */}}
{{- define "haven.selector" -}}
app.kubernetes.io/name: {{ include "haven.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* The labels of every object. Takes (dict "root" $ "component" "web"). */}}
{{- define "haven.labels" -}}
{{ include "haven.selector" . }}
app.kubernetes.io/part-of: haven
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The labels of a pod: those that stay the same from version to version. */}}
{{- define "haven.podLabels" -}}
{{ include "haven.selector" . }}
app.kubernetes.io/part-of: haven
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* name, namespace and labels of an object. Takes (dict "root" $ "component" "web"), and "name" if it differs. */}}
{{- define "haven.metadata" -}}
name: {{ .name | default (printf "%s-%s" (include "haven.fullname" .root) .component) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "haven.labels" . | nindent 2 }}
{{- end -}}

{{/* One account for all pods of the release: it has no rights, and its token is mounted nowhere. */}}
{{- define "haven.serviceAccountName" -}}
{{ include "haven.fullname" . }}
{{- end -}}

{{/* The image of all Python parts. A digest wins over the tag. */}}
{{- define "haven.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secret with every password of the release. */}}
{{- define "haven.secretName" -}}
{{ .Values.secrets.existingSecret | default (printf "%s-secrets" (include "haven.fullname" .)) }}
{{- end -}}

{{/* "true" where the custom resource exists, or is wanted whether it exists or not. Takes (dict "root" $ "wanted" VALUE "api" "group/version/Kind"). */}}
{{- define "haven.wanted" -}}
{{- if eq (toString .wanted) "auto" -}}
{{- if .root.Capabilities.APIVersions.Has .api }}true{{ end -}}
{{- else if .wanted -}}
true
{{- end -}}
{{- end -}}

{{/* seconds from SIGTERM (preStop included) to SIGKILL of a web or realtime pod: draining, then the longest request, then a margin */}}
{{- define "haven.termination" -}}
{{- if kindIs "invalid" .terminationGracePeriodSeconds -}}
{{ include "haven.leastTermination" . }}
{{- else -}}
{{ .terminationGracePeriodSeconds | int }}
{{- end -}}
{{- end -}}

{{- define "haven.leastTermination" -}}
{{ add (.drain | default 0 | int) (.grace | default .taskGrace | int) 5 }}
{{- end -}}
