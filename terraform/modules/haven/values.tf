# What is handed to the chart, by its own names. Whatever is null is left out, and so the chart's default.

locals {
  peer_lists = ["ingress_from", "monitoring_from", "dns_to", "database_to", "external_redis_to", "kubernetes_to"]
  # as NetworkPolicy peers
  peers = { for key in local.peer_lists : key => [
    for peer in coalesce(var.network_policy[key], []) : merge(
      peer.cidr == null ? {} : { ipBlock = { cidr = peer.cidr } },
      peer.namespace_labels == null ? {} : { namespaceSelector = { matchLabels = peer.namespace_labels } },
      peer.pod_labels == null ? {} : { podSelector = { matchLabels = peer.pod_labels } },
    )
  ] if var.network_policy[key] != null }

  values = {
    image = { for key, value in {
      repository = var.image.repository
      tag        = var.image.tag
      digest     = var.image.digest
      pullPolicy = var.image.pull_policy
    } : key => value if value != null }
    imagePullSecrets = [for name in coalesce(var.image.pull_secrets, []) : { name = name }]
    secrets = { for key, value in {
      existingSecret = var.secrets.existing_secret
      signTasks      = var.secrets.sign_tasks
    } : key => value if value != null }
    settings      = var.settings
    web           = merge(local.pods.web, local.web)
    realtime      = merge(local.pods.realtime, local.realtime)
    worker        = merge(local.pods.worker, local.worker)
    database      = local.database
    redis         = merge(local.pods.redis, local.redis)
    externalRedis = local.external_redis
    ingress       = local.ingress
    httpRoute     = local.http_route
    networkPolicy = local.network_policy
    monitoring    = local.monitoring
    drill         = local.drill
    backup        = local.backup
  }
}
