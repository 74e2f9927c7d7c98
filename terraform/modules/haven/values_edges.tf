# The values of ways in, network policies, monitoring, drills and backups.

locals {
  ingress = { for key, value in {
    enabled     = var.ingress.enabled
    className   = var.ingress.class_name
    host        = var.ingress.host
    annotations = var.ingress.annotations
    tls         = var.ingress.tls == null ? null : [for each in var.ingress.tls : { hosts = each.hosts, secretName = each.secret_name }]
  } : key => value if value != null }

  http_route = { for key, value in {
    enabled   = var.http_route.enabled
    hostnames = var.http_route.hostnames
    parentRefs = [for each in var.http_route.parent_refs : { for key, value in {
      name        = each.name
      namespace   = each.namespace
      sectionName = each.section_name
    } : key => value if value != null }]
  } : key => value if value != null }

  network_policy = { for key, value in {
    enabled        = var.network_policy.enabled
    ingressFrom    = lookup(local.peers, "ingress_from", null)
    monitoringFrom = lookup(local.peers, "monitoring_from", null)
    dns            = { for key, value in { to = lookup(local.peers, "dns_to", null) } : key => value if value != null }
    kubernetes     = { for key, value in { to = lookup(local.peers, "kubernetes_to", null) } : key => value if value != null }
    database = { for key, value in {
      to   = local.peers.database_to
      port = var.network_policy.database_port
    } : key => value if value != null }
    externalRedis = { for key, value in {
      to    = local.peers.external_redis_to
      ports = var.network_policy.external_redis_ports
    } : key => value if value != null }
  } : key => value if value != null }

  monitoring = {
    podMonitor = { for key, value in {
      enabled  = try(tobool(var.monitoring.pod_monitor.enabled), var.monitoring.pod_monitor.enabled)
      interval = var.monitoring.pod_monitor.interval
      labels   = var.monitoring.pod_monitor.labels
    } : key => value if value != null }
    rules = { for key, value in {
      enabled      = try(tobool(var.monitoring.rules.enabled), var.monitoring.rules.enabled)
      labels       = var.monitoring.rules.labels
      runbookUrl   = var.monitoring.rules.runbook_url
      dashboardUrl = var.monitoring.rules.dashboard_url
    } : key => value if value != null }
    dashboards = { for key, value in {
      enabled     = try(tobool(var.monitoring.dashboards.enabled), var.monitoring.dashboards.enabled)
      labels      = var.monitoring.dashboards.labels
      annotations = var.monitoring.dashboards.annotations
    } : key => value if value != null }
  }

  drill = { for key, value in {
    enabled     = var.drill.enabled
    experiment  = var.drill.experiment
    schedule    = var.drill.schedule
    timeZone    = var.drill.time_zone
    maxDuration = var.drill.max_duration
    prometheus  = var.drill.prometheus
    experiments = var.drill.experiments
  } : key => value if value != null }

  backup = { for key, value in {
    enabled     = var.backup.enabled
    schedule    = var.backup.schedule
    timeZone    = var.backup.time_zone
    keep        = var.backup.keep
    maxDuration = var.backup.max_duration
    storage = { for key, value in {
      existingClaim = var.backup.storage.existing_claim
      size          = var.backup.storage.size
      className     = var.backup.storage.class_name
    } : key => value if value != null }
  } : key => value if value != null }
}
