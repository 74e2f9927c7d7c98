# What the chart decides itself and refuses from others (its _settings.tpl and _refusals.tpl), so that a plan says so.

locals {
  settings_owned = {
    HAVEN_ENV                    = "nothing (the chart runs production)"
    HAVEN_FILES_DIR              = "nothing (the chart mounts it)"
    HAVEN_GRACE                  = "web.grace or realtime.grace"
    HAVEN_HTTP_HOST              = "nothing (probes need it)"
    HAVEN_HTTP_PORT              = "nothing (probes need it)"
    HAVEN_METRICS_DIR            = "nothing (the chart mounts it)"
    HAVEN_OPS_HOST               = "nothing (probes need it)"
    HAVEN_OPS_PORT               = "nothing (probes need it)"
    HAVEN_REALTIME_STREAMS       = "realtime.streams"
    HAVEN_REALTIME_WORKERS       = "realtime.workers"
    HAVEN_REPLICAS               = "web.replicas"
    HAVEN_TASK_GRACE             = "worker.task_grace"
    HAVEN_TASK_KEY               = "secrets.sign_tasks"
    HAVEN_TASK_KEY_FILE          = "secrets.sign_tasks"
    HAVEN_TRUSTED_PROXIES        = "web.trusted_proxies"
    HAVEN_WEB_STREAMS            = "web.streams"
    HAVEN_WEB_THREADS            = "web.threads"
    HAVEN_WEB_WORKERS            = "web.workers"
    HAVEN_WORKER_MAX_MEMORY      = "worker.max_memory"
    HAVEN_WORKER_MAX_TASKS       = "worker.max_tasks"
    HAVEN_WORKER_PROCESSES       = "worker.processes"
    HAVEN_WORKER_THREADS         = "worker.threads"
    REDIS_HOST                   = "external_redis.host"
    REDIS_PASSWORD               = "external_redis.existing_secret"
    REDIS_PASSWORD_FILE          = "external_redis.existing_secret"
    REDIS_PORT                   = "external_redis.port"
    REDIS_SENTINEL_HOSTS         = "external_redis.sentinels"
    REDIS_SENTINEL_MASTER        = "external_redis.master"
    REDIS_SENTINEL_PASSWORD      = "external_redis.sentinel_existing_secret_key"
    REDIS_SENTINEL_PASSWORD_FILE = "external_redis.sentinel_existing_secret_key"
    REDIS_SENTINEL_USERNAME      = "external_redis.sentinel_username"
    REDIS_SSL                    = "redis.tls.enabled or external_redis.tls.enabled"
    REDIS_SSL_CA                 = "external_redis.tls.ca_secret"
    REDIS_SSL_CERT               = "external_redis.tls.client_secret"
    REDIS_SSL_KEY                = "external_redis.tls.client_secret"
    REDIS_SSL_NAME               = "redis.tls.name"
    REDIS_USERNAME               = "external_redis.username"
  }

  redis_config_owned = [
    "appendonly",
    "bind",
    "dir",
    "include",
    "masterauth",
    "masteruser",
    "maxmemory",
    "min-replicas-max-lag",
    "min-replicas-to-write",
    "port",
    "replica-announce-ip",
    "replica-announce-port",
    "replica-priority",
    "replicaof",
    "requirepass",
    "shutdown-timeout",
    "slaveof",
    "tls-auth-clients",
    "tls-ca-cert-file",
    "tls-cert-file",
    "tls-key-file",
    "tls-port",
    "tls-replication",
    "unixsocket",
    "user",
  ]
}
