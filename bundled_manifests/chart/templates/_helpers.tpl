{{- /*
No app.kubernetes.io/managed-by here: whoever applies the objects says that (Helm sets it by itself on install).
No version or chart label either: it would change every object, and roll Postgres, on each release; the images' tags
say which version runs.
*/ -}}

{{- /* Labels of one component's objects; the argument is its name, such as "todo-backend". */ -}}
{{- define "todo-app.labels" -}}
app.kubernetes.io/name: {{ . }}
app.kubernetes.io/part-of: todo-app
{{- end }}

{{- /* The data of ConfigMap todo-config, by a name of its own so that its checksum can be taken. */ -}}
{{- define "todo-app.config" -}}
backend-url: http://todo-backend:8000
backend-pool-size: {{ .Values.backend.poolSize | quote }}
frontend-pool-size: {{ .Values.frontend.poolSize | quote }}
log-level: {{ .Values.backend.logLevel }}
openai-base-url: {{ .Values.backend.assistant.baseUrl }}
openai-model: {{ .Values.backend.assistant.model }}
assistant-daily-tokens: {{ .Values.backend.assistant.dailyTokens | quote }}
{{- with .Values.tracing.endpoint }}
otel-endpoint: {{ . }}
{{- end }}
{{- if .Values.ingress.tls.enabled }}
auth-protocol: https
auth-allowed-hosts: {{ .Values.host }}
{{- else }}
auth-protocol: http
# With any port, for an Ingress behind a forwarded port; localhost, for `todoctl port-forward`.
auth-allowed-hosts: "{{ .Values.host }},{{ .Values.host }}:*,localhost:*,127.0.0.1:*"
{{- end }}
auth-ip-header: {{ .Values.ingress.clientAddressHeader }}
{{- end }}

{{- /* SHA-256 of the data as compact JSON with sorted keys: todoctl computes the same (docs/design.md). */ -}}
{{- define "todo-app.configChecksum" -}}
{{ include "todo-app.config" . | fromYaml | toJson | sha256sum }}
{{- end }}

{{- define "todo-app.image" -}}
{{ .image.repository }}:{{ .image.tag | default .appVersion }}
{{- end }}

{{- /* Pod Security "restricted", the pod's half; the argument is the image's UID, which is its GID too. */ -}}
{{- define "todo-app.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Pod Security "restricted", the container's half, with a read-only root on top. */ -}}
{{- define "todo-app.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* An environment variable from the Secret todo-secrets; the argument is a list: variable, key. */ -}}
{{- define "todo-app.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: todo-secrets
      key: {{ index . 1 }}
{{- end }}

{{- /* Where to find the CA of an external database, for `sslmode=verify-full`: a key of todo-secrets that may be absent. */ -}}
{{- define "todo-app.databaseCaEnv" -}}
- name: DATABASE_CA_FILE
  value: /etc/todo-app/database-ca.pem
{{- end }}

{{- define "todo-app.databaseCaMount" -}}
- name: database-ca
  mountPath: /etc/todo-app
  readOnly: true
{{- end }}

{{- define "todo-app.databaseCaVolume" -}}
- name: database-ca
  secret:
    secretName: todo-secrets
    optional: true
    items:
      - key: database-ca
        path: database-ca.pem
{{- end }}

{{- /* An environment variable from the ConfigMap; the argument is a list: variable, key. */ -}}
{{- define "todo-app.configEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    configMapKeyRef:
      name: todo-config
      key: {{ index . 1 }}
{{- end }}

{{- /*
Where the pods go; the argument is a dict of name and spread. Always a wish, never a condition: with a surge pod and no
more nodes than replicas, a condition would wedge the rollout (kubernetes/kubernetes#116891). matchLabelKeys counts
each revision by itself, so that the old pods of a rollout do not push the new ones together.
*/ -}}
{{- define "todo-app.spread" -}}
{{- if .spread.topologyKeys }}
topologySpreadConstraints:
  {{- range .spread.topologyKeys }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        app.kubernetes.io/name: {{ $.name }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- if .spread.antiAffinity }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .name }}
{{- end }}
{{- end }}

{{- /*
Refuse pools that the database cannot serve. A rollout's worst moment: all pods of the new version, one for the surge,
and all of the old version still draining (Kubernetes does not count terminating pods as surge). Ten more are for the
superuser, backups and a person with psql.
*/ -}}
{{- define "todo-app.checkConnections" -}}
{{- $backend := mul .Values.backend.poolSize (add 1 (mul 2 .Values.backend.autoscaling.maxReplicas)) }}
{{- $frontend := mul .Values.frontend.poolSize (add 1 (mul 2 .Values.frontend.replicas)) }}
{{- $needed := add $backend $frontend 10 }}
{{- if gt $needed (int .Values.database.maxConnections) }}
{{- fail (printf "the pools may need %d connections, database.maxConnections is %v: lower a poolSize or the replicas" $needed .Values.database.maxConnections) }}
{{- end }}
{{- end }}
