# High availability with a PostgreSQL and a Redis that somebody else runs: Haven's own pods, and nothing to store. Passwords
# are in Secrets that exist already; here are their names alone. Leave out redis and external_redis for Haven's own Redis.

terraform {
  required_version = ">= 1.9"

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 2.17, < 4"
    }
  }
}

provider "helm" {}

module "haven" {
  source = "../../modules/haven"

  namespace        = var.namespace
  create_namespace = false # the Secrets are in it already
  image            = var.image
  secrets          = { existing_secret = var.secrets.passwords, sign_tasks = true }
  settings         = { HAVEN_LOG_LEVEL = "warning" }

  web      = { autoscaling = { enabled = true, min = 3, max = 12 } }
  realtime = { autoscaling = { enabled = true, min = 2, max = 8 } }
  worker   = { replicas = 4, processes = 2, task_grace = 120 }

  database = { existing_secret = var.secrets.database, tryout = { enabled = false } }
  redis    = { enabled = false }
  external_redis = {
    mode            = var.redis.mode
    host            = var.redis.mode == "standalone" ? split(":", var.redis.addresses[0])[0] : null
    port            = var.redis.mode == "standalone" ? tonumber(split(":", var.redis.addresses[0])[1]) : null
    sentinels       = var.redis.mode == "sentinel" ? var.redis.addresses : []
    master          = var.redis.master
    username        = var.redis.username
    existing_secret = var.secrets.redis
    tls             = { enabled = true, ca_secret = var.secrets.redis_ca }
  }

  ingress = {
    enabled     = true
    class_name  = var.ingress.class_name
    host        = var.ingress.host
    annotations = var.ingress.annotations
    tls         = [{ hosts = [var.ingress.host], secret_name = var.secrets.ingress_tls }]
  }
  network_policy = {
    ingress_from      = [{ namespace_labels = { "kubernetes.io/metadata.name" = var.ingress.namespace } }]
    database_to       = [for cidr in var.networks.database : { cidr = cidr }]
    external_redis_to = [for cidr in var.networks.redis : { cidr = cidr }]
  }
  monitoring = { pod_monitor = { enabled = "true" }, rules = { enabled = "true", runbook_url = var.runbook_url } }

  extra_values = { web = { pdb = { maxUnavailable = "25%" } } }
}

output "web" {
  description = "Where the cluster reaches it."
  value       = module.haven.web
}
