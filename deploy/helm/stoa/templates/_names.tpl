{{- /* Names, labels, and what follows from files/topology.json, which the contracts are the source of. */ -}}

{{- define "stoa.fullname" -}}
{{- if contains "stoa" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}{{ printf "%s-stoa" (.Release.Name | trunc 35 | trimSuffix "-") }}{{- end -}}
{{- end -}}

{{- /* Of every object and pod of the release. */ -}}
{{- define "stoa.selector" -}}
app.kubernetes.io/name: stoa
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "stoa.labels" -}}
{{ include "stoa.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "stoa.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The processes by name, as JSON: those that values name with their services, else one for each part of the shop. */ -}}
{{- define "stoa.processes" -}}
{{- $topology := .Files.Get "files/topology.json" | fromJson -}}
{{- $processes := dict -}}
{{- range $name, $settings := .Values.processes -}}
{{- if $settings.services -}}{{- $_ := set $processes $name $settings -}}
{{- else if not (hasKey $topology $name) -}}{{- fail (printf "processes.%s: name the services that it hosts" $name) -}}{{- end -}}
{{- end -}}
{{- if not $processes -}}
{{- range $part, $_ := $topology -}}
{{- $_ := set $processes $part (merge (dict "services" (list $part)) (get $.Values.processes $part | default dict)) -}}
{{- end -}}
{{- end -}}
{{- $processes | toJson -}}
{{- end -}}

{{- /* The process that hosts each service, as JSON. Fails where a service is hosted nowhere, twice, or not known. */ -}}
{{- define "stoa.hosts" -}}
{{- $topology := .Files.Get "files/topology.json" | fromJson -}}
{{- $hosts := dict -}}
{{- range $process, $settings := include "stoa.processes" . | fromJson -}}
{{- range $settings.services -}}
{{- if not (hasKey $topology .) -}}{{- fail (printf "processes.%s: there is no service %q" $process .) -}}{{- end -}}
{{- if hasKey $hosts . -}}{{- fail (printf "processes: %s is hosted by %s and by %s" . (get $hosts .) $process) -}}{{- end -}}
{{- $_ := set $hosts . $process -}}
{{- end -}}
{{- end -}}
{{- range $service, $_ := $topology -}}
{{- if not (hasKey $hosts $service) -}}{{- fail (printf "processes: nobody hosts %s" $service) -}}{{- end -}}
{{- end -}}
{{- $hosts | toJson -}}
{{- end -}}

{{- /* The processes that `process` calls or sends events to, as a JSON list. Events go over NATS where there is one. */ -}}
{{- define "stoa.callees" -}}
{{- $root := .root -}}
{{- $topology := $root.Files.Get "files/topology.json" | fromJson -}}
{{- $hosts := include "stoa.hosts" $root | fromJson -}}
{{- $callees := list -}}
{{- range (get (include "stoa.processes" $root | fromJson) .process).services -}}
{{- $part := get $topology . -}}
{{- $reached := $part.calls -}}
{{- if not $root.Values.nats.secret -}}{{- $reached = concat $reached $part.tells -}}{{- end -}}
{{- range $reached -}}{{- $callees = append $callees (get $hosts .) -}}{{- end -}}
{{- end -}}
{{- without (uniq $callees) .process | sortAlpha | toJson -}}
{{- end -}}

{{- /* Connections to PostgreSQL that one pod of `process` opens at most. */ -}}
{{- define "stoa.connections" -}}
{{- $topology := .root.Files.Get "files/topology.json" | fromJson -}}
{{- $sum := 0 -}}
{{- range (get (include "stoa.processes" .root | fromJson) .process).services -}}{{- $sum = add $sum (get $topology .).connections -}}{{- end -}}
{{- $sum -}}
{{- end -}}

{{- /* The databases that `services` reach, as a JSON list: the one of all, and their own. Who keeps no rows reaches none. */ -}}
{{- define "stoa.databases" -}}
{{- $root := .root -}}
{{- $topology := $root.Files.Get "files/topology.json" | fromJson -}}
{{- range $service, $_ := $root.Values.database.services -}}
{{- if not (gt (dig $service "connections" 0 $topology | int) 0) -}}{{- fail (printf "database.services.%s: no such service keeps rows" $service) -}}{{- end -}}
{{- end -}}
{{- $databases := list -}}
{{- $shared := false -}}
{{- range .services -}}
{{- if gt (get $topology .).connections 0.0 -}}
{{- if hasKey $root.Values.database.services . -}}
{{- $databases = append $databases (merge (dict "service" .) (get $root.Values.database.services .)) -}}
{{- else -}}{{- $shared = true -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if $shared -}}{{- $databases = prepend $databases (merge (dict "service" "") (omit $root.Values.database "services")) -}}{{- end -}}
{{- $databases | toJson -}}
{{- end -}}

{{- /* Where the rows of `services` are, as variables of a container; without a password, since services sign in as roles of their own. */ -}}
{{- define "stoa.databaseAddresses" -}}
{{- range include "stoa.databases" . | fromJsonArray }}
{{- $prefix := ternary "" (printf "STOA_%s_" (upper .service)) (eq .service "") }}
- name: {{ $prefix }}DATABASE_URL
  value: {{ .address | quote }}
{{- with .direct }}
- name: {{ $prefix }}DATABASE_DIRECT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .replica }}
- name: {{ $prefix }}DATABASE_REPLICA_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The autoscaling of `process`: the simulated defaults, then the values of all processes, then its own. */ -}}
{{- define "stoa.autoscaling" -}}
{{- $own := (get (include "stoa.processes" .root | fromJson) .process).autoscaling | default dict -}}
{{- $all := .root.Values.autoscaling -}}
{{- mustMergeOverwrite (.root.Files.Get "files/autoscaling.json" | fromJson) (deepCopy $all) (deepCopy $own) | toJson -}}
{{- end -}}

{{- /* The address of each service that is not among `here`, as variables of a container. */ -}}
{{- define "stoa.addresses" -}}
{{- $root := .root -}}
{{- $here := .here -}}
{{- range $service, $process := include "stoa.hosts" $root | fromJson -}}
{{- if and (ne $service "edge") (not (has $service $here)) }}
- name: STOA_{{ upper $service }}_URL
  value: http://{{ include "stoa.fullname" $root }}-{{ $process }}:4000
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "stoa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "stoa.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* The shop's own secrets, of which a process is given those of its services. */ -}}
{{- define "stoa.keys" -}}
{{- $names := list -}}
{{- $topology := .root.Files.Get "files/topology.json" | fromJson -}}
{{- range .services -}}{{- $names = concat $names (get $topology .).secrets -}}{{- end }}
- name: keys
  secret:
    secretName: {{ .root.Values.keysSecret }}
    defaultMode: 0440
    items:
    {{- range uniq $names | sortAlpha }}
    - key: {{ . }}
      path: {{ . }}
    {{- end }}
{{- end -}}

{{- /* Variables that every container has. */ -}}
{{- define "stoa.commonEnvironment" -}}
- name: STOA_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
- name: STOA_DEMO
  value: {{ ternary "on" "off" .Values.demo | quote }}
- name: STOA_LOG
  value: {{ .Values.log | quote }}
- name: STOA_DATA
  value: /data
{{- if .Values.keysSecret }}
- name: STOA_SECRETS
  value: /keys
{{- end }}
{{- range $name, $value := .Values.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}
