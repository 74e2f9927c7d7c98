# The release itself. What it is made of stands in the other variables_*.tf: an attribute that is not set is left to the
# chart; one has a default here only where a validation needs it, and it is the chart's.

variable "name" {
  description = "The release's name, with which the names of its objects begin."
  type        = string
  default     = "haven"
  nullable    = false

  validation {
    condition     = length(var.name) <= 53 && can(regex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", var.name))
    error_message = "name=${var.name} is no name of a release: set it to 53 or fewer of a-z, 0-9 and -, such as haven"
  }
}

variable "namespace" {
  description = "The namespace of the release."
  type        = string
  default     = "haven"
  nullable    = false

  validation {
    condition     = length(var.namespace) <= 63 && can(regex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", var.namespace))
    error_message = "namespace=${var.namespace} is no name of a namespace: set it to 63 or fewer of a-z, 0-9 and -, such as haven"
  }
}

variable "create_namespace" {
  description = "Whether the namespace is made if it is not there. It stays after a destroy, as passwords and volumes do."
  type        = bool
  default     = true
  nullable    = false
}

variable "chart" {
  description = "The chart: `oci://…` with `chart_version`, or a directory. Null: the one of this repository."
  type        = string
  default     = null

  validation {
    condition     = startswith(coalesce(var.chart, "/"), "oci://") || fileexists("${coalesce(var.chart, local.chart_here)}/Chart.yaml")
    error_message = "chart=${coalesce(var.chart, local.chart_here)} has no Chart.yaml: set chart to a directory with one, or to oci://REGISTRY/haven and chart_version"
  }
}

variable "chart_version" {
  description = "Which version of a chart at `oci://…`."
  type        = string
  default     = null

  validation {
    condition     = var.chart_version != null || !startswith(coalesce(var.chart, "/"), "oci://")
    error_message = "chart=${coalesce(var.chart, "/")} without a version would be another chart some day: set chart_version, such as 0.1.0"
  }
  validation {
    condition     = var.chart_version == null || startswith(coalesce(var.chart, "/"), "oci://")
    error_message = "chart_version=${coalesce(var.chart_version, "null")} is of no effect with a directory: set it to null, or chart to oci://…"
  }
  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+([-+][0-9A-Za-z.+-]+)?$", coalesce(var.chart_version, "0.0.0")))
    error_message = "chart_version=${coalesce(var.chart_version, "null")} is no exact version: set it to one, such as 0.1.0"
  }
}

variable "chart_registry" {
  description = "Who fetches the chart from a private registry. It is written into Terraform's state: `helm registry login` before the apply is not."
  type        = object({ username = string, password = string })
  default     = null
  sensitive   = true

  validation {
    condition     = var.chart_registry == null || startswith(coalesce(var.chart, "/"), "oci://")
    error_message = "chart_registry is of no effect with a chart in a directory: set it to null, or chart to oci://…"
  }
  validation {
    condition     = try(length(var.chart_registry.username) > 0 && length(var.chart_registry.password) > 0, var.chart_registry == null)
    error_message = "chart_registry has an empty username or password: set both, or chart_registry to null"
  }
}

variable "timeout" {
  description = "Seconds until the release has to be ready. An upgrade begins with the migrations, which get 600 of them."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 3600 && floor(var.timeout) == var.timeout
    error_message = "timeout=${var.timeout} is outside of 60 to 3600: set it to so many whole seconds"
  }
}

variable "atomic" {
  description = "Whether what does not become ready is undone: an upgrade goes back to what served, an install is removed. False keeps it, to look at."
  type        = bool
  default     = true
  nullable    = false
}

variable "extra_values" {
  description = "Further values of the chart, by its own names (charts/haven/values.yaml). They win over every other variable, and appear in plans: no passwords."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.extra_values))
    error_message = "extra_values=${jsonencode(var.extra_values)} is no map: set it to { key = value }, such as { web = { pdb = { maxUnavailable = 2 } } }"
  }
}
