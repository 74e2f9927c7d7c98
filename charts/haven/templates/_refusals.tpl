{{/*
Everything that is right alone and wrong together. Each message names the value, what is wrong, and what to set; each
has a test in tests/chart/test_refusals.py. What is wrong alone (a type, a range, a typo) is refused by
values.schema.json. Rendered by refusals.yaml, which makes no object.
*/}}
{{- define "haven.refusals" -}}
{{- include "haven.refusals.database" . -}}
{{- include "haven.refusals.redis" . -}}
{{- include "haven.refusals.redisPods" . -}}
{{- include "haven.refusals.pods" . -}}
{{- include "haven.refusals.entry" . -}}
{{- include "haven.refusals.settings" . -}}
{{- include "haven.refusals.network" . -}}
{{- include "haven.refusals.drill" . -}}
{{- include "haven.refusals.backup" . -}}
{{- end -}}

{{- define "haven.refusals.backup" -}}
{{- with .Values.backup -}}
{{- if and .enabled (not $.Values.redis.enabled) -}}
{{- fail "backup.enabled=true copies from a replica of the chart's own Redis, which redis.enabled=false leaves out: set backup.enabled=false, and use the backups of whoever runs yours" -}}
{{- end -}}
{{- if and .storage.existingClaim .storage.className -}}
{{- fail (printf "backup.storage.className=%s is for a claim that the chart makes, and backup.storage.existingClaim=%s is there already: set className to \"\"" .storage.className .storage.existingClaim) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.drill" -}}
{{- with .Values.drill -}}
{{- if and .enabled (not $.Values.redis.enabled) -}}
{{- fail "drill.enabled=true breaks the chart's own Redis, which redis.enabled=false leaves out: set drill.enabled=false" -}}
{{- end -}}
{{- if and .enabled (has .experiment (list "node-drain" "primary-power-cut")) (not .experiments) -}}
{{- fail (printf "drill.experiment=%s needs rights that no pod of the chart has: run it from a desk, and set another one here" .experiment) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.database" -}}
{{- with .Values.database -}}
{{- if and .existingSecret .tryout.enabled -}}
{{- fail (printf "database.existingSecret=%s and database.tryout.enabled=true are two databases: set database.tryout.enabled=false" .existingSecret) -}}
{{- end -}}
{{- if not (or .existingSecret .tryout.enabled) -}}
{{- fail "database.tryout.enabled=false leaves no database: set database.existingSecret to a Secret with the URL of yours" -}}
{{- end -}}
{{- if and .tryout.seed (not .tryout.enabled) -}}
{{- fail "database.tryout.seed=true would put users with a public password into your database: set database.tryout.seed=false" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.redis" -}}
{{- $enabled := .Values.redis.enabled -}}
{{- with .Values.externalRedis -}}
{{- if and $enabled (or .host .sentinels) -}}
{{- fail (printf "externalRedis names %s, but redis.enabled=true runs a Redis of the chart's own: set redis.enabled=false" (.host | default (join "," .sentinels))) -}}
{{- end -}}
{{- if not $enabled -}}
{{- if and (eq .mode "standalone") (not .host) -}}
{{- fail "redis.enabled=false needs a Redis of yours: set externalRedis.host, or externalRedis.mode=sentinel with externalRedis.sentinels" -}}
{{- end -}}
{{- if and (eq .mode "standalone") .sentinels -}}
{{- fail (printf "externalRedis.sentinels=%s is not used in externalRedis.mode=standalone: set externalRedis.mode=sentinel" (join "," .sentinels)) -}}
{{- end -}}
{{- if and (eq .mode "sentinel") (not .sentinels) -}}
{{- fail "externalRedis.mode=sentinel without Sentinels: set externalRedis.sentinels to [\"host:26379\", …]" -}}
{{- end -}}
{{- if and (eq .mode "sentinel") (not .master) -}}
{{- fail "externalRedis.mode=sentinel without the primary's name: set externalRedis.master to the name in 'sentinel monitor <name> …'" -}}
{{- end -}}
{{- if and (eq .mode "sentinel") .host -}}
{{- fail (printf "externalRedis.host=%s is not used in externalRedis.mode=sentinel: set it to \"\", or externalRedis.mode=standalone" .host) -}}
{{- end -}}
{{- if and .sentinelExistingSecretKey (not .existingSecret) -}}
{{- fail (printf "externalRedis.sentinelExistingSecretKey=%s is a key of no Secret: set externalRedis.existingSecret" .sentinelExistingSecretKey) -}}
{{- end -}}
{{- if and (not .tls.enabled) (or .tls.caSecret .tls.clientSecret) -}}
{{- fail (printf "externalRedis.tls names the Secret %s, but nothing is encrypted: set externalRedis.tls.enabled=true" (.tls.caSecret | default .tls.clientSecret)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.redisPods" -}}
{{- with .Values.redis -}}
{{- $least := include "haven.redisLeastTermination" . | int -}}
{{- if and (not (kindIs "invalid" .terminationGracePeriodSeconds)) (lt (.terminationGracePeriodSeconds | int) $least) -}}
{{- fail (printf "redis.terminationGracePeriodSeconds=%d would kill a primary in the middle of its handover: set it to %d or more, or to null" (.terminationGracePeriodSeconds | int) $least) -}}
{{- end -}}
{{- if and .tls.enabled (not (or .tls.existingSecret .tls.certManager.enabled)) -}}
{{- fail "redis.tls.enabled=true without a certificate: set redis.tls.existingSecret, or redis.tls.certManager.enabled=true" -}}
{{- end -}}
{{- if and .tls.existingSecret .tls.certManager.enabled -}}
{{- fail (printf "redis.tls.existingSecret=%s would be written by cert-manager too: set redis.tls.certManager.enabled=false, or existingSecret to \"\"" .tls.existingSecret) -}}
{{- end -}}
{{- if and (not .tls.enabled) (or .tls.existingSecret .tls.certManager.enabled) -}}
{{- fail "redis.tls has a certificate, but nothing is encrypted: set redis.tls.enabled=true" -}}
{{- end -}}
{{- if and .tls.certManager.enabled (not .tls.certManager.issuerRef.name) -}}
{{- fail "redis.tls.certManager.enabled=true without an issuer: set redis.tls.certManager.issuerRef to {name: …, kind: Issuer}" -}}
{{- end -}}
{{- if and .tls.enabled (not .enabled) -}}
{{- fail "redis.tls.enabled=true is about the chart's own Redis, which redis.enabled=false leaves out: set externalRedis.tls.enabled=true" -}}
{{- end -}}
{{- with (lookup "apps/v1" "StatefulSet" $.Release.Namespace (printf "%s-redis" (include "haven.fullname" $))) -}}
{{- $was := contains "REDIS_SSL_NAME" (toJson .spec.template) -}}
{{- if ne $was $.Values.redis.tls.enabled -}}
{{- fail (printf "redis.tls.enabled=%t, but what runs has %t, and pods of either kind can't talk to each other: set it to %t, or uninstall and install again (volumes and passwords stay)" $.Values.redis.tls.enabled $was $was) -}}
{{- end -}}
{{- end -}}
{{- if lt (.sentinel.failoverTimeoutMs | int) (mul 2 (.sentinel.downAfterMs | int)) -}}
{{- fail (printf "redis.sentinel.failoverTimeoutMs=%d ends a failover before it can succeed: set it to %d or more (twice redis.sentinel.downAfterMs)" (.sentinel.failoverTimeoutMs | int) (mul 2 (.sentinel.downAfterMs | int))) -}}
{{- end -}}
{{- if and (eq .engine "redis") (contains "valkey" .image) -}}
{{- fail (printf "redis.image=%s has no redis-server: set redis.engine=valkey" .image) -}}
{{- end -}}
{{- if and (eq .engine "valkey") (not (contains "valkey" .image)) -}}
{{- fail (printf "redis.image=%s has no valkey-server: set redis.image=docker.io/valkey/valkey:8.1, or redis.engine=redis" .image) -}}
{{- end -}}
{{- range $name := list "appendonly" "bind" "dir" "include" "masterauth" "masteruser" "maxmemory" "min-replicas-max-lag" "min-replicas-to-write" "port" "replica-announce-ip" "replica-announce-port" "replica-priority" "replicaof" "requirepass" "shutdown-timeout" "slaveof" "tls-auth-clients" "tls-ca-cert-file" "tls-cert-file" "tls-key-file" "tls-port" "tls-replication" "unixsocket" "user" -}}
{{- if hasKey $.Values.redis.config $name -}}
{{- fail (printf "redis.config.%s is the chart's or the guardian's to decide: leave it out" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.pods" -}}
{{- range $name := list "web" "realtime" "worker" -}}
{{- $values := index $.Values $name -}}
{{- if not (kindIs "invalid" $values.terminationGracePeriodSeconds) -}}
{{- $least := include "haven.leastTermination" $values | int -}}
{{- if lt ($values.terminationGracePeriodSeconds | int) $least -}}
{{- fail (printf "%s.terminationGracePeriodSeconds=%d would kill pods in the middle of what they were given time for: set it to %d or more, or to null" $name ($values.terminationGracePeriodSeconds | int) $least) -}}
{{- end -}}
{{- end -}}
{{- if has (toString $values.pdb.maxUnavailable) (list "0" "0%") -}}
{{- fail (printf "%s.pdb.maxUnavailable=%v would let no node be drained: set it to 1 or more" $name $values.pdb.maxUnavailable) -}}
{{- end -}}
{{- with $values.autoscaling -}}
{{- if and .enabled (gt (.min | int) (.max | int)) -}}
{{- fail (printf "%s.autoscaling.min=%d is more than %s.autoscaling.max=%d: set max to %d or more" $name (.min | int) $name (.max | int) (.min | int)) -}}
{{- end -}}
{{- if and .enabled (not (get (get $values.resources "requests" | default dict) "cpu")) -}}
{{- fail (printf "%s.autoscaling.enabled=true aims at a part of the requested CPU, and there is no request: set %s.resources.requests.cpu" $name $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.web -}}
{{- if ge (.streams | int) (.threads | int) -}}
{{- fail (printf "web.streams=%d would take every one of web.threads=%d threads: set web.streams to %d or less" (.streams | int) (.threads | int) (sub (.threads | int) 1)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.entry" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled=true without a host would answer for every host of the cluster: set ingress.host" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled=true without a Gateway: set httpRoute.parentRefs to [{name: …, namespace: …}]" -}}
{{- end -}}
{{- range $route := .Values.routes -}}
{{- range $inside := list "/livez" "/readyz" "/health" "/metrics" -}}
{{- $prefix := printf "%s/" (trimSuffix "/" $route.path) -}}
{{- if or (eq $route.path $inside) (and (eq $route.type "Prefix") (hasPrefix $prefix (printf "%s/" $inside))) -}}
{{- fail (printf "routes has path=%s type=%s, which would let the world see %s: set the paths that people need" $route.path $route.type $inside) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.settings" -}}
{{- $owned := include "haven.settingsOwned" . | fromYaml -}}
{{- range $name, $_ := .Values.settings -}}
{{- with get $owned $name -}}
{{- fail (printf "settings.%s is the chart's to set: remove it, and set %s" $name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "haven.refusals.network" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- if and .Values.database.existingSecret (not .Values.networkPolicy.database.to) -}}
{{- fail "networkPolicy.enabled=true would cut the pods off from the database of database.existingSecret: set networkPolicy.database.to to [{ipBlock: {cidr: …}}]" -}}
{{- end -}}
{{- if and (not .Values.redis.enabled) (not .Values.networkPolicy.externalRedis.to) -}}
{{- fail "networkPolicy.enabled=true would cut the pods off from externalRedis: set networkPolicy.externalRedis.to to [{ipBlock: {cidr: …}}]" -}}
{{- end -}}
{{- end -}}
{{- end -}}
