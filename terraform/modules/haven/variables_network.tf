# Ways in from outside, and who may talk to whom.

variable "ingress" {
  description = "From outside, by an Ingress. Its controller needs a long read timeout and no buffering for streams (`annotations`). `tls`: hosts and the name of the Secret with their certificate."
  type = object({
    enabled     = optional(bool, false)
    class_name  = optional(string)
    host        = optional(string)
    annotations = optional(map(string))
    tls         = optional(list(object({ hosts = list(string), secret_name = string })))
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.ingress.enabled || var.ingress.host != null
    error_message = "ingress.enabled=true without a host would answer for every host of the cluster: set ingress.host"
  }
  validation {
    condition     = can(regex("^(\\*\\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", coalesce(var.ingress.host, "none")))
    error_message = "ingress.host=${coalesce(var.ingress.host, "null")} is no host name: set it to one without scheme, port and path, such as haven.example.com"
  }
}

variable "http_route" {
  description = "From outside, by the Gateway API. `parent_refs`: the Gateways; `hostnames`: for which names."
  type = object({
    enabled     = optional(bool, false)
    parent_refs = optional(list(object({ name = string, namespace = optional(string), section_name = optional(string) })), [])
    hostnames   = optional(list(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.http_route.enabled || length(var.http_route.parent_refs) > 0
    error_message = "http_route.enabled=true without a Gateway: set http_route.parent_refs to [{ name = \"…\", namespace = \"…\" }]"
  }
}

variable "network_policy" {
  description = "Nothing may talk to a pod of the release, nor it to anything, but for what is named. A peer is `{ cidr = … }`, or `{ namespace_labels = …, pod_labels = … }`. `ingress_from`: who may reach web and realtime; `monitoring_from`: metrics; `database_to`, `external_redis_to`: where yours are; `dns_to`: name service; `kubernetes_to`: the API server, for a drill."
  type = object({
    enabled = optional(bool, true)
    ingress_from = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })))
    monitoring_from = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })))
    dns_to = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })))
    database_to = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })), [])
    database_port = optional(number)
    external_redis_to = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })), [])
    external_redis_ports = optional(list(number))
    kubernetes_to = optional(list(object({
      cidr = optional(string), namespace_labels = optional(map(string)), pod_labels = optional(map(string))
    })))
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, value in var.network_policy :
      value >= local.ranges.network_policy[key][0] && value <= coalesce(local.ranges.network_policy[key][1], value) && floor(value) == value
      if value != null && contains(keys(local.ranges.network_policy), key)
    ])
    error_message = join("; ", [
      for key, value in var.network_policy :
      "network_policy.${key}=${value}: set it to a whole number, ${local.ranges.network_policy[key][1] == null ? "${local.ranges.network_policy[key][0]} or more" : join(" to ", local.ranges.network_policy[key])}"
      if value != null && contains(keys(local.ranges.network_policy), key)
      && !try(value >= local.ranges.network_policy[key][0] && value <= coalesce(local.ranges.network_policy[key][1], value) && floor(value) == value, true)
    ])
  }
  validation {
    condition     = alltrue([for port in coalesce(var.network_policy.external_redis_ports, []) : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "network_policy.external_redis_ports=${jsonencode(var.network_policy.external_redis_ports)} is no list of ports: set it to whole numbers from 1 to 65535"
  }
  validation {
    condition     = !var.network_policy.enabled || var.database.existing_secret == null || length(var.network_policy.database_to) > 0
    error_message = "network_policy.enabled=true would cut the pods off from the database of database.existing_secret: set network_policy.database_to to [{ cidr = \"…\" }]"
  }
  validation {
    condition     = !var.network_policy.enabled || var.redis.enabled || length(var.network_policy.external_redis_to) > 0
    error_message = "network_policy.enabled=true would cut the pods off from external_redis: set network_policy.external_redis_to to [{ cidr = \"…\" }]"
  }
  validation {
    condition = alltrue([
      for peer in flatten([for key in local.peer_lists : coalesce(var.network_policy[key], [])]) :
      (peer.cidr != null) != (peer.namespace_labels != null || peer.pod_labels != null)
    ])
    error_message = "network_policy has a peer with neither or both of cidr and labels: set { cidr = \"…\" }, or { namespace_labels = {…}, pod_labels = {…} }"
  }
  validation {
    condition = alltrue([
      for peer in flatten([for key in local.peer_lists : coalesce(var.network_policy[key], [])]) :
      can(cidrhost(coalesce(peer.cidr, "10.0.0.0/8"), 0))
    ])
    error_message = "network_policy has cidr=${join(", cidr=", [for peer in flatten([for key in local.peer_lists : coalesce(var.network_policy[key], [])]) : peer.cidr if !can(cidrhost(coalesce(peer.cidr, "10.0.0.0/8"), 0))])}: set it to an address and its length, such as 10.0.0.0/24"
  }
}
