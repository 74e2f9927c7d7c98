# A Redis of your own, or a managed one, in place of the chart's. Passwords by the names of Secrets.

variable "external_redis" {
  description = "Your own or a managed Redis, with `redis.enabled = false`: `host` and `port`, or in mode sentinel `sentinels` (host:port) and `master`. `existing_secret`: the name of a Secret with the password. `tls.ca_secret`, `tls.client_secret`: names of Secrets with certificates."
  type = object({
    mode                         = optional(string, "standalone")
    host                         = optional(string)
    port                         = optional(number)
    sentinels                    = optional(list(string), [])
    master                       = optional(string)
    username                     = optional(string)
    sentinel_username            = optional(string)
    existing_secret              = optional(string)
    existing_secret_key          = optional(string)
    sentinel_existing_secret_key = optional(string)
    tls = optional(object({
      enabled       = optional(bool, false)
      ca_secret     = optional(string)
      ca_key        = optional(string)
      client_secret = optional(string)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in var.external_redis :
      value >= local.ranges.external_redis[key][0] && value <= coalesce(local.ranges.external_redis[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.external_redis), key)
    ])
    error_message = join("; ", [
      for key, value in var.external_redis :
      "external_redis.${key}=${value}: set it to a whole number, ${local.ranges.external_redis[key][1] == null ? "${local.ranges.external_redis[key][0]} or more" : join(" to ", local.ranges.external_redis[key])}"
      if value != null && contains(keys(local.ranges.external_redis), key)
      && !try(value >= local.ranges.external_redis[key][0] && value <= coalesce(local.ranges.external_redis[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = contains(["standalone", "sentinel"], var.external_redis.mode)
    error_message = "external_redis.mode=${var.external_redis.mode} is unknown: set it to standalone or sentinel"
  }
  validation {
    condition     = alltrue([for each in var.external_redis.sentinels : can(regex("^[^:,]+:[0-9]+$", each))])
    error_message = "external_redis.sentinels=${join(",", var.external_redis.sentinels)} is no list of addresses: set it to [\"host:26379\", …]"
  }
  validation {
    condition     = !var.redis.enabled || var.external_redis.host == null && length(var.external_redis.sentinels) == 0
    error_message = "external_redis names ${coalesce(var.external_redis.host, join(",", var.external_redis.sentinels), "nothing")}, but redis.enabled=true runs a Redis of the chart's own: set redis.enabled=false"
  }
  validation {
    condition     = var.redis.enabled || var.external_redis.mode != "standalone" || var.external_redis.host != null
    error_message = "redis.enabled=false needs a Redis of yours: set external_redis.host, or external_redis.mode=sentinel with external_redis.sentinels"
  }
  validation {
    condition     = !can(regex(":", coalesce(var.external_redis.host, "none")))
    error_message = "external_redis.host=${coalesce(var.external_redis.host, "null")} is more than a host: set external_redis.host without port and scheme, and external_redis.port"
  }
  validation {
    condition     = var.redis.enabled || var.external_redis.mode != "standalone" || length(var.external_redis.sentinels) == 0
    error_message = "external_redis.sentinels=${join(",", var.external_redis.sentinels)} is not used in external_redis.mode=standalone: set external_redis.mode=sentinel"
  }
  validation {
    condition     = var.redis.enabled || var.external_redis.mode != "sentinel" || length(var.external_redis.sentinels) > 0
    error_message = "external_redis.mode=sentinel without Sentinels: set external_redis.sentinels to [\"host:26379\", …]"
  }
  validation {
    condition     = var.redis.enabled || var.external_redis.mode != "sentinel" || var.external_redis.master != null
    error_message = "external_redis.mode=sentinel without the primary's name: set external_redis.master to the name in 'sentinel monitor <name> …'"
  }
  validation {
    condition     = var.redis.enabled || var.external_redis.mode != "sentinel" || var.external_redis.host == null
    error_message = "external_redis.host=${coalesce(var.external_redis.host, "null")} is not used in external_redis.mode=sentinel: set it to null, or external_redis.mode=standalone"
  }
  validation {
    condition     = var.external_redis.sentinel_existing_secret_key == null || var.external_redis.existing_secret != null
    error_message = "external_redis.sentinel_existing_secret_key=${coalesce(var.external_redis.sentinel_existing_secret_key, "null")} is a key of no Secret: set external_redis.existing_secret"
  }
  validation {
    condition     = var.external_redis.tls.enabled || var.external_redis.tls.ca_secret == null && var.external_redis.tls.client_secret == null
    error_message = "external_redis.tls names the Secret ${coalesce(var.external_redis.tls.ca_secret, var.external_redis.tls.client_secret, "null")}, but nothing is encrypted: set external_redis.tls.enabled=true"
  }
  validation {
    condition = alltrue([
      for each in [var.external_redis.existing_secret, var.external_redis.tls.ca_secret, var.external_redis.tls.client_secret] :
      can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", coalesce(each, "none")))
    ])
    error_message = "external_redis.existing_secret, tls.ca_secret or tls.client_secret is no name of a Secret: set it to that of one in namespace ${var.namespace}, never to a password"
  }
}
