# Where data are: the SQL database and the chart's own Redis. Passwords by the names of Secrets.

variable "database" {
  description = "The SQL database. `existing_secret`: the name of a Secret whose key `existing_secret_key` is the URL of your PostgreSQL; then `tryout.enabled = false`. `tryout`: one PostgreSQL without a standby or backups."
  type = object({
    existing_secret     = optional(string)
    existing_secret_key = optional(string)
    tryout = optional(object({
      enabled = optional(bool, true)
      seed    = optional(bool, false)
      image   = optional(string)
      storage = optional(object({ size = optional(string), class_name = optional(string) }))
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", coalesce(var.database.existing_secret, "none")))
    error_message = "database.existing_secret is no name of a Secret: set it to that of one in namespace ${var.namespace}, never to the URL"
  }
  validation {
    condition     = var.database.existing_secret == null || !var.database.tryout.enabled
    error_message = "database.existing_secret=${coalesce(var.database.existing_secret, "null")} and database.tryout.enabled=true are two databases: set database.tryout.enabled=false"
  }
  validation {
    condition     = var.database.existing_secret != null || var.database.tryout.enabled
    error_message = "database.tryout.enabled=false leaves no database: set database.existing_secret to a Secret with the URL of yours"
  }
  validation {
    condition     = var.database.tryout.enabled || !var.database.tryout.seed
    error_message = "database.tryout.seed=true would put users with a public password into your database: set database.tryout.seed=false"
  }
  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi|Ti)$", coalesce(try(var.database.tryout.storage.size, null), "1Gi")))
    error_message = "database.tryout.storage.size=${coalesce(try(var.database.tryout.storage.size, null), "null")} is no size: set it to a number and Mi, Gi or Ti, such as 1Gi"
  }
}

variable "redis" {
  description = "The chart's own Redis with Sentinel, three of each. `engine`: whose programs are in `image`, redis or valkey. `tls.existing_secret`: the name of a Secret with ca.crt, tls.crt and tls.key. `config`: more lines of the redis.conf."
  type = object({
    enabled          = optional(bool, true)
    image            = optional(string)
    engine           = optional(string, "redis")
    maxmemory        = optional(string)
    shutdown_timeout = optional(number)
    config           = optional(map(string), {})
    persistence = optional(object({
      enabled    = optional(bool)
      size       = optional(string)
      class_name = optional(string)
    }), {})
    tls = optional(object({
      enabled         = optional(bool, false)
      existing_secret = optional(string)
      name            = optional(string)
      cert_manager = optional(object({
        enabled      = optional(bool, false)
        issuer_ref   = optional(object({ name = string, kind = optional(string, "Issuer"), group = optional(string) }))
        duration     = optional(string)
        renew_before = optional(string)
      }), {})
    }), {})
    sentinel = optional(object({
      down_after_ms       = optional(number, 600)
      failover_timeout_ms = optional(number, 5000)
    }), {})
    exporter            = optional(object({ enabled = optional(bool), image = optional(string) }), {})
    resources           = optional(object({ requests = optional(map(string)), limits = optional(map(string)) }))
    node_selector       = optional(map(string))
    priority_class_name = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in merge(var.redis, { for key, value in var.redis.sentinel : "sentinel.${key}" => value }) :
      value >= local.ranges.redis[key][0] && value <= coalesce(local.ranges.redis[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.redis), key)
    ])
    error_message = join("; ", [
      for key, value in merge(var.redis, { for key, value in var.redis.sentinel : "sentinel.${key}" => value }) :
      "redis.${key}=${value}: set it to a whole number, ${local.ranges.redis[key][1] == null ? "${local.ranges.redis[key][0]} or more" : join(" to ", local.ranges.redis[key])}"
      if value != null && contains(keys(local.ranges.redis), key)
      && !try(value >= local.ranges.redis[key][0] && value <= coalesce(local.ranges.redis[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = contains(["redis", "valkey"], var.redis.engine)
    error_message = "redis.engine=${var.redis.engine} is unknown: set it to redis or valkey"
  }
  validation {
    condition     = var.redis.engine != "redis" || !strcontains(coalesce(var.redis.image, "redis"), "valkey")
    error_message = "redis.image=${coalesce(var.redis.image, "null")} has no redis-server: set redis.engine=valkey"
  }
  validation {
    condition     = var.redis.engine != "valkey" || strcontains(coalesce(var.redis.image, "redis"), "valkey")
    error_message = "redis.image=${coalesce(var.redis.image, "redis")} has no valkey-server: set redis.image=docker.io/valkey/valkey:8.1, or redis.engine=redis"
  }
  validation {
    condition     = can(regex("^[0-9]+(mb|gb)$", coalesce(var.redis.maxmemory, "256mb")))
    error_message = "redis.maxmemory=${coalesce(var.redis.maxmemory, "null")} is no size: set it to a number and mb or gb, such as 256mb"
  }
  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi|Ti)$", coalesce(var.redis.persistence.size, "2Gi")))
    error_message = "redis.persistence.size=${coalesce(var.redis.persistence.size, "null")} is no size: set it to a number and Mi, Gi or Ti, such as 2Gi"
  }
  validation {
    condition     = length(setintersection(keys(var.redis.config), local.redis_config_owned)) == 0
    error_message = "redis.config.${join(", redis.config.", setintersection(keys(var.redis.config), local.redis_config_owned))} is the chart's or the guardian's to decide: leave it out"
  }
  validation {
    condition     = var.redis.sentinel.failover_timeout_ms >= 2 * var.redis.sentinel.down_after_ms
    error_message = "redis.sentinel.failover_timeout_ms=${var.redis.sentinel.failover_timeout_ms} ends a failover before it can succeed: set it to ${2 * var.redis.sentinel.down_after_ms} or more (twice redis.sentinel.down_after_ms)"
  }
  validation {
    condition     = !var.redis.tls.enabled || var.redis.enabled
    error_message = "redis.tls.enabled=true is about the chart's own Redis, which redis.enabled=false leaves out: set external_redis.tls.enabled=true"
  }
  validation {
    condition     = !var.redis.tls.enabled || var.redis.tls.existing_secret != null || var.redis.tls.cert_manager.enabled
    error_message = "redis.tls.enabled=true without a certificate: set redis.tls.existing_secret, or redis.tls.cert_manager.enabled=true"
  }
  validation {
    condition     = var.redis.tls.existing_secret == null || !var.redis.tls.cert_manager.enabled
    error_message = "redis.tls.existing_secret=${coalesce(var.redis.tls.existing_secret, "null")} would be written by cert-manager too: set redis.tls.cert_manager.enabled=false, or existing_secret to null"
  }
  validation {
    condition     = var.redis.tls.enabled || var.redis.tls.existing_secret == null && !var.redis.tls.cert_manager.enabled
    error_message = "redis.tls has a certificate, but nothing is encrypted: set redis.tls.enabled=true"
  }
  validation {
    condition     = !var.redis.tls.cert_manager.enabled || var.redis.tls.cert_manager.issuer_ref != null
    error_message = "redis.tls.cert_manager.enabled=true without an issuer: set redis.tls.cert_manager.issuer_ref to { name = \"…\", kind = \"Issuer\" }"
  }
  validation {
    condition     = can(regex("^[a-z0-9.-]+$", coalesce(var.redis.tls.name, "none")))
    error_message = "redis.tls.name=${coalesce(var.redis.tls.name, "null")} is no host name: set it to one that the certificate holds"
  }
  validation {
    condition     = alltrue([for time in [var.redis.tls.cert_manager.duration, var.redis.tls.cert_manager.renew_before] : can(regex("^[0-9]+h$", coalesce(time, "1h")))])
    error_message = "redis.tls.cert_manager has duration=${coalesce(var.redis.tls.cert_manager.duration, "null")}, renew_before=${coalesce(var.redis.tls.cert_manager.renew_before, "null")}: set numbers of hours, such as 2160h"
  }
  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", coalesce(var.redis.tls.existing_secret, "none")))
    error_message = "redis.tls.existing_secret=${coalesce(var.redis.tls.existing_secret, "null")} is no name of a Secret: set it to that of one in namespace ${var.namespace}"
  }
}
