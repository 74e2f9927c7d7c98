{{/* Variables that the chart sets, or that hold a secret, with the value to set instead. */}}
{{- define "haven.settingsOwned" -}}
HAVEN_ENV: nothing (the chart runs production)
HAVEN_FILES_DIR: nothing (the chart mounts it)
HAVEN_GRACE: web.grace or realtime.grace
HAVEN_HTTP_HOST: nothing (probes need it)
HAVEN_HTTP_PORT: nothing (probes need it)
HAVEN_METRICS_DIR: nothing (the chart mounts it)
HAVEN_OPS_HOST: nothing (probes need it)
HAVEN_OPS_PORT: nothing (probes need it)
HAVEN_REALTIME_STREAMS: realtime.streams
HAVEN_REALTIME_WORKERS: realtime.workers
HAVEN_REPLICAS: web.replicas
HAVEN_TASK_GRACE: worker.taskGrace
HAVEN_TASK_KEY: secrets.signTasks
HAVEN_TASK_KEY_FILE: secrets.signTasks
HAVEN_TRUSTED_PROXIES: web.trustedProxies
HAVEN_WEB_STREAMS: web.streams
HAVEN_WEB_THREADS: web.threads
HAVEN_WEB_WORKERS: web.workers
HAVEN_WORKER_MAX_MEMORY: worker.maxMemory
HAVEN_WORKER_MAX_TASKS: worker.maxTasks
HAVEN_WORKER_PROCESSES: worker.processes
HAVEN_WORKER_THREADS: worker.threads
REDIS_HOST: externalRedis.host
REDIS_PASSWORD: externalRedis.existingSecret
REDIS_PASSWORD_FILE: externalRedis.existingSecret
REDIS_PORT: externalRedis.port
REDIS_SENTINEL_HOSTS: externalRedis.sentinels
REDIS_SENTINEL_MASTER: externalRedis.master
REDIS_SENTINEL_PASSWORD: externalRedis.sentinelExistingSecretKey
REDIS_SENTINEL_PASSWORD_FILE: externalRedis.sentinelExistingSecretKey
REDIS_SENTINEL_USERNAME: externalRedis.sentinelUsername
REDIS_SSL: redis.tls.enabled or externalRedis.tls.enabled
REDIS_SSL_CA: externalRedis.tls.caSecret
REDIS_SSL_CERT: externalRedis.tls.clientSecret
REDIS_SSL_KEY: externalRedis.tls.clientSecret
REDIS_SSL_NAME: redis.tls.name
REDIS_USERNAME: externalRedis.username
{{- end -}}
