# What runs the application: one image, and the pods of web, realtime and worker.

variable "image" {
  description = "The image of web, realtime, worker, subscriber, migrations and guardians: your build of the Dockerfile. The digest wins over the tag. `pull_secrets`: names of Secrets for the registry."
  type = object({
    repository   = string
    tag          = optional(string)
    digest       = optional(string)
    pull_policy  = optional(string)
    pull_secrets = optional(list(string))
  })
  nullable = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*$", var.image.repository))
    error_message = "image.repository=${var.image.repository} is no repository: set it to one without tag and digest, such as registry.example.com/haven"
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", coalesce(var.image.tag, "latest")))
    error_message = "image.tag=${coalesce(var.image.tag, "null")} is no tag: set it to one, such as 0.1.0"
  }
  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", coalesce(var.image.digest, "sha256:${sha256("")}")))
    error_message = "image.digest=${coalesce(var.image.digest, "null")} is no digest: set it to sha256: and 64 of 0-9 and a-f, as the registry shows it"
  }
  validation {
    condition     = contains(["IfNotPresent", "Always", "Never"], coalesce(var.image.pull_policy, "Never"))
    error_message = "image.pull_policy=${coalesce(var.image.pull_policy, "null")} is unknown: set it to IfNotPresent, Always or Never"
  }
  validation {
    condition     = alltrue([for name in coalesce(var.image.pull_secrets, []) : can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", name))])
    error_message = "image.pull_secrets=${join(",", coalesce(var.image.pull_secrets, []))} are no names of Secrets: set those of Secrets in namespace ${var.namespace}, such as [\"registry\"]"
  }
}

variable "secrets" {
  description = "The passwords, by reference: the name of a Secret that you made with the keys of charts/haven/README.md. Null: the chart makes one at the first install and leaves it at a destroy. `sign_tasks`: workers run signed tasks alone."
  type = object({
    existing_secret = optional(string)
    sign_tasks      = optional(bool)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", coalesce(var.secrets.existing_secret, "none")))
    error_message = "secrets.existing_secret is no name of a Secret: set it to that of one in namespace ${var.namespace}, never to a password"
  }
}

variable "settings" {
  description = "Further variables of all Python pods, of docs/settings.md. They appear in plans and in the pods: no passwords."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^(HAVEN|REDIS)_[A-Z0-9_]+$", name))])
    error_message = "settings has ${join(", ", [for name in keys(var.settings) : name if !can(regex("^(HAVEN|REDIS)_[A-Z0-9_]+$", name))])}: set names of docs/settings.md, HAVEN_… or REDIS_…"
  }
  validation {
    condition     = length(setintersection(keys(var.settings), keys(local.settings_owned))) == 0
    error_message = "settings.${join(", settings.", [for name in keys(var.settings) : "${name} is the chart's to set: remove it, and set ${local.settings_owned[name]}" if contains(keys(local.settings_owned), name)])}"
  }
}

variable "web" {
  description = "The API and the pages. `workers` processes of `threads` requests at a time, of which `streams` may be event streams; `drain` and `grace`: seconds that a pod serves on, and that requests get, when it ends."
  type = object({
    replicas = optional(number)
    autoscaling = optional(object({
      enabled    = optional(bool, false)
      min        = optional(number, 2)
      max        = optional(number, 6)
      target_cpu = optional(number)
    }), {})
    workers             = optional(number)
    threads             = optional(number, 16)
    streams             = optional(number, 8)
    trusted_proxies     = optional(number)
    drain               = optional(number)
    grace               = optional(number)
    resources           = optional(object({ requests = optional(map(string)), limits = optional(map(string)) }))
    node_selector       = optional(map(string))
    priority_class_name = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in merge(var.web, { for key, value in var.web.autoscaling : "autoscaling.${key}" => value }) :
      value >= local.ranges.web[key][0] && value <= coalesce(local.ranges.web[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.web), key)
    ])
    error_message = join("; ", [
      for key, value in merge(var.web, { for key, value in var.web.autoscaling : "autoscaling.${key}" => value }) :
      "web.${key}=${value}: set it to a whole number, ${local.ranges.web[key][1] == null ? "${local.ranges.web[key][0]} or more" : join(" to ", local.ranges.web[key])}"
      if value != null && contains(keys(local.ranges.web), key)
      && !try(value >= local.ranges.web[key][0] && value <= coalesce(local.ranges.web[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = !var.web.autoscaling.enabled || var.web.autoscaling.min <= var.web.autoscaling.max
    error_message = "web.autoscaling.min=${var.web.autoscaling.min} is more than web.autoscaling.max=${var.web.autoscaling.max}: set max to ${var.web.autoscaling.min} or more"
  }
  validation {
    condition     = !var.web.autoscaling.enabled || try(var.web.resources.requests.cpu != null, true)
    error_message = "web.autoscaling.enabled=true aims at a part of the requested CPU, and there is no request: set web.resources.requests.cpu"
  }
  validation {
    condition     = var.web.streams < var.web.threads
    error_message = "web.streams=${var.web.streams} would take every one of web.threads=${var.web.threads} threads: set web.streams to ${var.web.threads - 1} or less"
  }
}

variable "realtime" {
  description = "Server-sent events and WebSockets, in pods of their own. `streams`: open ones at a time per process."
  type = object({
    enabled  = optional(bool, true)
    replicas = optional(number)
    autoscaling = optional(object({
      enabled    = optional(bool, false)
      min        = optional(number, 2)
      max        = optional(number, 6)
      target_cpu = optional(number)
    }), {})
    workers             = optional(number)
    streams             = optional(number)
    drain               = optional(number)
    grace               = optional(number)
    resources           = optional(object({ requests = optional(map(string)), limits = optional(map(string)) }))
    node_selector       = optional(map(string))
    priority_class_name = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in merge(var.realtime, { for key, value in var.realtime.autoscaling : "autoscaling.${key}" => value }) :
      value >= local.ranges.realtime[key][0] && value <= coalesce(local.ranges.realtime[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.realtime), key)
    ])
    error_message = join("; ", [
      for key, value in merge(var.realtime, { for key, value in var.realtime.autoscaling : "autoscaling.${key}" => value }) :
      "realtime.${key}=${value}: set it to a whole number, ${local.ranges.realtime[key][1] == null ? "${local.ranges.realtime[key][0]} or more" : join(" to ", local.ranges.realtime[key])}"
      if value != null && contains(keys(local.ranges.realtime), key)
      && !try(value >= local.ranges.realtime[key][0] && value <= coalesce(local.ranges.realtime[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = !var.realtime.autoscaling.enabled || var.realtime.autoscaling.min <= var.realtime.autoscaling.max
    error_message = "realtime.autoscaling.min=${var.realtime.autoscaling.min} is more than realtime.autoscaling.max=${var.realtime.autoscaling.max}: set max to ${var.realtime.autoscaling.min} or more"
  }
  validation {
    condition     = !var.realtime.autoscaling.enabled || try(var.realtime.resources.requests.cpu != null, true)
    error_message = "realtime.autoscaling.enabled=true aims at a part of the requested CPU, and there is no request: set realtime.resources.requests.cpu"
  }
}

variable "worker" {
  description = "Runs tasks: `processes` of `threads` tasks at a time. `task_grace`: seconds that running tasks get when a pod ends."
  type = object({
    replicas            = optional(number)
    processes           = optional(number)
    threads             = optional(number)
    max_tasks           = optional(number)
    max_memory          = optional(number)
    task_grace          = optional(number)
    resources           = optional(object({ requests = optional(map(string)), limits = optional(map(string)) }))
    node_selector       = optional(map(string))
    priority_class_name = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in var.worker :
      value >= local.ranges.worker[key][0] && value <= coalesce(local.ranges.worker[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.worker), key)
    ])
    error_message = join("; ", [
      for key, value in var.worker :
      "worker.${key}=${value}: set it to a whole number, ${local.ranges.worker[key][1] == null ? "${local.ranges.worker[key][0]} or more" : join(" to ", local.ranges.worker[key])}"
      if value != null && contains(keys(local.ranges.worker), key)
      && !try(value >= local.ranges.worker[key][0] && value <= coalesce(local.ranges.worker[key][1], value) && floor(value) == value, true)
    ])
  }
}
