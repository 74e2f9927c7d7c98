# What watches it, what breaks it to see that it holds, and what keeps copies.

variable "monitoring" {
  description = "For Prometheus' operator and Grafana: what is scraped, alerts with runbooks, dashboards. `enabled`: auto (if the cluster has the operator), true or false; `labels`: what yours select by."
  type = object({
    pod_monitor = optional(object({
      enabled  = optional(string, "auto")
      interval = optional(string)
      labels   = optional(map(string))
    }), {})
    rules = optional(object({
      enabled       = optional(string, "auto")
      labels        = optional(map(string))
      runbook_url   = optional(string)
      dashboard_url = optional(string)
    }), {})
    dashboards = optional(object({
      enabled     = optional(string, "auto")
      labels      = optional(map(string))
      annotations = optional(map(string))
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for part in var.monitoring : contains(["auto", "true", "false"], part.enabled)])
    error_message = "monitoring.${join(", monitoring.", [for key, part in var.monitoring : "${key}.enabled=${part.enabled}" if !contains(["auto", "true", "false"], part.enabled)])} is unknown: set it to auto, true or false"
  }
  validation {
    condition     = can(regex("^[0-9]+(ms|s|m)$", coalesce(var.monitoring.pod_monitor.interval, "15s")))
    error_message = "monitoring.pod_monitor.interval=${coalesce(var.monitoring.pod_monitor.interval, "null")} is no time: set it to a number and ms, s or m, such as 15s"
  }
  validation {
    condition = alltrue([
      for url in [var.monitoring.rules.runbook_url, var.monitoring.rules.dashboard_url] :
      can(regex("^https?://[\\w.:/@%~+-]*\\w$", coalesce(url, "https://example.com")))
    ])
    error_message = "monitoring.rules has runbook_url=${coalesce(var.monitoring.rules.runbook_url, "null")}, dashboard_url=${coalesce(var.monitoring.rules.dashboard_url, "null")}: set https://… without a slash at the end"
  }
}

variable "drill" {
  description = "A drill by itself, now and then (docs/drills.md). `prometheus`: the URL of yours; while it shows an alert, no drill begins. `experiments`: the name of a ConfigMap with your own."
  type = object({
    enabled      = optional(bool, false)
    experiment   = optional(string, "primary-handover")
    schedule     = optional(string)
    time_zone    = optional(string)
    max_duration = optional(number)
    prometheus   = optional(string)
    experiments  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in var.drill :
      value >= local.ranges.drill[key][0] && value <= coalesce(local.ranges.drill[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.drill), key)
    ])
    error_message = join("; ", [
      for key, value in var.drill :
      "drill.${key}=${value}: set it to a whole number, ${local.ranges.drill[key][1] == null ? "${local.ranges.drill[key][0]} or more" : join(" to ", local.ranges.drill[key])}"
      if value != null && contains(keys(local.ranges.drill), key)
      && !try(value >= local.ranges.drill[key][0] && value <= coalesce(local.ranges.drill[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = !var.drill.enabled || var.redis.enabled
    error_message = "drill.enabled=true breaks the chart's own Redis, which redis.enabled=false leaves out: set drill.enabled=false"
  }
  validation {
    condition     = !var.drill.enabled || var.drill.experiments != null || !contains(["node-drain", "primary-power-cut"], var.drill.experiment)
    error_message = "drill.experiment=${var.drill.experiment} needs rights that no pod of the chart has: run it from a desk, and set another one here"
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.drill.experiment))
    error_message = "drill.experiment=${var.drill.experiment} is no name of an experiment: set it to one of `haven drill list`"
  }
  validation {
    condition     = length(split(" ", coalesce(var.drill.schedule, "0 10 * * 2"))) == 5
    error_message = "drill.schedule=${coalesce(var.drill.schedule, "null")} is no schedule: set it to minute, hour, day, month and weekday, such as 0 10 * * 2"
  }
  validation {
    condition     = can(regex("^https?://.+", coalesce(var.drill.prometheus, "http://none")))
    error_message = "drill.prometheus=${coalesce(var.drill.prometheus, "null")} is no URL: set it to http://…, such as http://prometheus.monitoring:9090"
  }
}

variable "backup" {
  description = "Copies of all that is in Redis, now and then, on a volume (docs/backup.md). `keep`: how many stay; `max_duration`: seconds after which one is given up; `storage.existing_claim`: the name of a PersistentVolumeClaim of yours."
  type = object({
    enabled      = optional(bool, false)
    schedule     = optional(string)
    time_zone    = optional(string)
    keep         = optional(number)
    max_duration = optional(number)
    storage = optional(object({
      existing_claim = optional(string)
      size           = optional(string)
      class_name     = optional(string)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in var.backup :
      value >= local.ranges.backup[key][0] && value <= coalesce(local.ranges.backup[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.backup), key)
    ])
    error_message = join("; ", [
      for key, value in var.backup :
      "backup.${key}=${value}: set it to a whole number, ${local.ranges.backup[key][1] == null ? "${local.ranges.backup[key][0]} or more" : join(" to ", local.ranges.backup[key])}"
      if value != null && contains(keys(local.ranges.backup), key)
      && !try(value >= local.ranges.backup[key][0] && value <= coalesce(local.ranges.backup[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = !var.backup.enabled || var.redis.enabled
    error_message = "backup.enabled=true copies from a replica of the chart's own Redis, which redis.enabled=false leaves out: set backup.enabled=false, and use the backups of whoever runs yours"
  }
  validation {
    condition     = var.backup.storage.existing_claim == null || var.backup.storage.class_name == null
    error_message = "backup.storage.class_name=${coalesce(var.backup.storage.class_name, "null")} is for a claim that the chart makes, and backup.storage.existing_claim=${coalesce(var.backup.storage.existing_claim, "null")} is there already: set class_name to null"
  }
  validation {
    condition     = length(split(" ", coalesce(var.backup.schedule, "17 3 * * *"))) == 5
    error_message = "backup.schedule=${coalesce(var.backup.schedule, "null")} is no schedule: set it to minute, hour, day, month and weekday, such as 17 3 * * *"
  }
  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi|Ti)$", coalesce(var.backup.storage.size, "2Gi")))
    error_message = "backup.storage.size=${coalesce(var.backup.storage.size, "null")} is no size: set it to a number and Mi, Gi or Ti, such as 2Gi"
  }
}
