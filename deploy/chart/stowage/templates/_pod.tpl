{{- /* Affinity; an anti-affinity over these pods need not repeat their labels. */ -}}
{{- define "stowage.affinity" -}}
{{- with .Values.affinity -}}
{{- $affinity := deepCopy . -}}
{{- $terms := list -}}
{{- range dig "podAntiAffinity" "requiredDuringSchedulingIgnoredDuringExecution" list $affinity -}}
{{- $terms = append $terms (include "stowage.selected" (list $ .) | fromYaml) -}}
{{- end -}}
{{- if $terms -}}
{{- $_ := set $affinity.podAntiAffinity "requiredDuringSchedulingIgnoredDuringExecution" $terms -}}
{{- end -}}
affinity:
  {{- toYaml $affinity | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "stowage.spread" -}}
{{- with .Values.topologySpreadConstraints -}}
topologySpreadConstraints:
{{- range . }}
  - {{ include "stowage.selected" (list $ .) | nindent 4 | trim }}
{{- end }}
{{- end -}}
{{- end -}}

{{- /* A term with the labels of these pods as its selector, unless it has one. */ -}}
{{- define "stowage.selected" -}}
{{- $labels := include "stowage.selectorLabels" (index . 0) | fromYaml -}}
{{- toYaml (mergeOverwrite (dict "labelSelector" (dict "matchLabels" $labels)) (index . 1)) -}}
{{- end -}}

{{- /* What the controller is told, by the environment. A variable that `controller.env` has too is left to it. */ -}}
{{- define "stowage.env" -}}
{{- $settings := .Values.settings -}}
{{- $variables := dict
  "CLUSTER_NAME" (required "settings.clusterName: name the cluster, as in the tags of its instances" $settings.clusterName)
  "LEADER_ELECTION_NAMESPACE" (include "stowage.leaseNamespace" .)
  "LOG_LEVEL" .Values.logLevel
  "LOG_OUTPUT_PATHS" (join "," .Values.logOutputPaths)
  "LOG_ERROR_OUTPUT_PATHS" (join "," .Values.logErrorOutputPaths)
  "METRICS_PORT" .Values.controller.metrics.port
  "HEALTH_PROBE_PORT" .Values.controller.healthProbe.port
  "CLUSTER_ENDPOINT" $settings.clusterEndpoint
  "CLUSTER_CA_BUNDLE" $settings.clusterCABundle
  "AWS_REGION" $settings.region
  "INTERRUPTION_QUEUE" $settings.interruptionQueue
  "ISOLATED_VPC" $settings.isolatedVPC
  "BATCH_IDLE_DURATION" $settings.batchIdleDuration
  "BATCH_MAX_DURATION" $settings.batchMaxDuration
  "PREFERENCE_POLICY" $settings.preferencePolicy
  "MIN_VALUES_POLICY" $settings.minValuesPolicy
  "SCHEDULER_CONFIG" (include "stowage.schedulerConfig" $settings.schedulerConfig)
  "EKS_CONTROL_PLANE" $settings.eksControlPlane
  "VM_MEMORY_OVERHEAD_PERCENT" $settings.vmMemoryOverheadPercent
  "RESERVED_ENIS" $settings.reservedENIs
  "IGNORE_DRA_REQUESTS" $settings.ignoreDRARequests
  "ENABLE_ZONAL_SHIFT" $settings.enableZonalShift
  "DISABLE_CLUSTER_STATE_OBSERVABILITY" $settings.disableClusterStateObservability
  "DISABLE_DRY_RUN" $settings.disableDryRun
  "LEGACY_NODE_REPAIR" $settings.legacyNodeRepair
  "AMI_REFRESH_INTERVAL" $settings.amiRefreshInterval
  "SUBNET_REFRESH_INTERVAL" $settings.subnetRefreshInterval
  "SECURITY_GROUP_REFRESH_INTERVAL" $settings.securityGroupRefreshInterval
  "FEATURE_GATES" (include "stowage.gates" $settings.featureGates)
  "AWS_FEATURE_GATES" (include "stowage.gates" $settings.awsFeatureGates)
  "STOWAGE_SHADOW" $settings.shadow
  "STOWAGE_NOMINATE" $settings.nominate
  "STOWAGE_LAUNCH_TTL" $settings.launchTTL
  "STOWAGE_REGISTRATION_TTL" $settings.registrationTTL
  "STOWAGE_PLAN_WORK" $settings.planWork
  "STOWAGE_PREFERENCE_PRICE" $settings.preferencePrice
  "STOWAGE_EVICTION_PRICE" $settings.evictionPrice
  "STOWAGE_PROFILE" $settings.profile
  "STOWAGE_RECORD_TO" $settings.recordTo
  "STOWAGE_RECORD_MAX_MB" $settings.recordMaxMB
-}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- $given := list -}}
{{- range .Values.controller.env -}}
{{- $given = append $given .name -}}
{{- end -}}
{{- range $name, $value := $variables }}
{{- if not (has $name $given) }}
{{- include "stowage.variable" (list $name $value) }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* A configuration of the scheduler as text. */ -}}
{{- define "stowage.schedulerConfig" -}}
{{- if kindIs "string" . -}}{{ . }}{{- else if . -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{- /* One variable, unless its value is null or empty; false and 0 are values. Numbers of a file are floats here. */ -}}
{{- define "stowage.variable" -}}
{{- $value := index . 1 -}}
{{- if kindIs "float64" $value -}}
{{- if eq $value (floor $value) -}}{{- $value = int64 $value -}}{{- end -}}
{{- end -}}
{{- if and (not (kindIs "invalid" $value)) (ne (toString $value) "") }}
- name: {{ index . 0 }}
  value: {{ toString $value | quote }}
{{- end -}}
{{- end -}}
