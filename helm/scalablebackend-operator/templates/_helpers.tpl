{{/* Labels of every object. */}}
{{- define "scalablebackend.labels" -}}
{{ include "scalablebackend.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What finds the operator's pods. Names and selectors do not depend on the release: one operator a cluster. */}}
{{- define "scalablebackend.selectorLabels" -}}
app.kubernetes.io/name: scalablebackend-operator
{{- end -}}

{{/* Reference of an image: (list $ .Values.image) */}}
{{- define "scalablebackend.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $root.Values.imageRegistry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "scalablebackend.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary "scalablebackend-operator" "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "scalablebackend.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "scalablebackend.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
