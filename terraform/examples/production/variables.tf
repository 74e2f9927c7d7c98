variable "namespace" {
  description = "Where the Secrets are, and the release goes."
  type        = string
  default     = "haven"
}

variable "image" {
  description = "Your build of the Dockerfile, by its digest."
  type        = object({ repository = string, digest = string })
}

variable "secrets" {
  description = "Names of Secrets in the namespace: `passwords` with the keys of charts/haven/README.md, `database` with database-url, `redis` with password, `redis_ca` with ca.crt (null: a public authority), `ingress_tls` of type kubernetes.io/tls."
  type = object({
    passwords   = optional(string, "haven-secrets")
    database    = optional(string, "haven-database")
    redis       = optional(string, "haven-redis")
    redis_ca    = optional(string)
    ingress_tls = optional(string, "haven-tls")
  })
  default = {}
}

variable "redis" {
  description = "The managed Redis. `addresses`, host:port: one in mode standalone, the Sentinels in mode sentinel, with the primary's name as `master`."
  type = object({
    mode      = optional(string, "standalone")
    addresses = list(string)
    master    = optional(string)
    username  = optional(string)
  })

  validation {
    condition     = length(var.redis.addresses) > 0 && alltrue([for each in var.redis.addresses : can(regex("^[^:,]+:[0-9]+$", each))])
    error_message = "redis.addresses=${join(",", var.redis.addresses)} is no list of addresses: set it to [\"host:port\", …]"
  }
}

variable "networks" {
  description = "Where the database and Redis are, as CIDRs: nothing else is let out to."
  type        = object({ database = list(string), redis = list(string) })
}

variable "ingress" {
  description = "The host name, and the controller: its class, the namespace that it runs in, its annotations."
  type = object({
    host        = string
    class_name  = optional(string, "nginx")
    namespace   = optional(string, "ingress-nginx")
    annotations = optional(map(string), { "nginx.ingress.kubernetes.io/proxy-read-timeout" = "3600" })
  })
}

variable "runbook_url" {
  description = "Where your copy of docs/runbooks is to be read."
  type        = string
}
