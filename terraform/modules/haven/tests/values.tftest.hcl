# What helm is handed. tests/terraform gives each of these to the chart as well, which must take it.

mock_provider "helm" {}

variables {
  image = { repository = "registry.example.com/haven" }
}

run "least" {
  command = plan
  assert {
    condition     = yamldecode(helm_release.this.values[0]).image == { repository = "registry.example.com/haven" }
    error_message = "what is not set was handed over: ${helm_release.this.values[0]}"
  }
  assert {
    condition     = helm_release.this.values[1] == "{}\n"
    error_message = "extra values came from nowhere: ${helm_release.this.values[1]}"
  }
  assert {
    condition     = helm_release.this.wait && helm_release.this.atomic && helm_release.this.cleanup_on_fail && helm_release.this.create_namespace
    error_message = "an apply must wait, and undo what failed"
  }
  assert {
    condition     = endswith(helm_release.this.chart, "/charts/haven") && helm_release.this.timeout == 900
    error_message = "the chart of this repository is used, for 900 seconds: ${helm_release.this.chart}"
  }
  assert {
    condition     = output.web == "haven-web.haven.svc:80" && output.realtime == "haven-realtime.haven.svc:80" && output.secret == "haven-secrets"
    error_message = "web=${output.web} realtime=${output.realtime} secret=${output.secret}"
  }
  assert {
    condition     = output.redis[2] == "haven-redis-2.haven.svc:6379" && output.sentinels[0] == "haven-redis-0.haven.svc:26379" && output.sentinel_master == "haven-haven"
    error_message = "redis=${jsonencode(output.redis)} sentinels=${jsonencode(output.sentinels)} master=${output.sentinel_master}"
  }
}

# every attribute that goes with the chart's own Redis
run "everything" {
  command = plan
  variables {
    name             = "shop"
    namespace        = "sales"
    create_namespace = false
    timeout          = 300
    atomic           = false
    image = {
      repository = "registry.example.com/haven", tag = "0.1.0", pull_policy = "Always", pull_secrets = ["registry"]
      digest     = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
    secrets  = { existing_secret = "passwords", sign_tasks = true }
    settings = { HAVEN_LOG_LEVEL = "warning" }
    web = {
      replicas            = 3, workers = 4, threads = 20, streams = 10, trusted_proxies = 2, drain = 15, grace = 25
      autoscaling         = { enabled = true, min = 3, max = 12, target_cpu = 60 }
      resources           = { requests = { cpu = "300m", memory = "300Mi" }, limits = { memory = "900Mi" } }
      node_selector       = { pool = "web" }
      priority_class_name = "web"
    }
    realtime = {
      enabled             = true, replicas = 3, workers = 2, streams = 2000, drain = 15, grace = 25
      autoscaling         = { enabled = true, min = 2, max = 8, target_cpu = 60 }
      resources           = { requests = { cpu = "200m" }, limits = { memory = "500Mi" } }
      node_selector       = { pool = "web" }
      priority_class_name = "web"
    }
    worker = {
      replicas            = 4, processes = 2, threads = 8, max_tasks = 10000, max_memory = 300, task_grace = 120
      resources           = { requests = { cpu = "200m" }, limits = { memory = "900Mi" } }
      node_selector       = { pool = "work" }
      priority_class_name = "work"
    }
    database = {
      tryout = { enabled = true, seed = true, image = "docker.io/library/postgres:18", storage = { size = "2Gi", class_name = "fast" } }
    }
    redis = {
      enabled     = true, image = "docker.io/valkey/valkey:8.1", engine = "valkey", maxmemory = "512mb", shutdown_timeout = 20
      config      = { "hash-max-listpack-entries" = "64" }
      persistence = { enabled = true, size = "4Gi", class_name = "fast" }
      tls = {
        enabled = true, name = "redis.sales"
        cert_manager = {
          enabled    = true, duration = "720h", renew_before = "240h"
          issuer_ref = { name = "ca", kind = "ClusterIssuer", group = "cert-manager.io" }
        }
      }
      sentinel            = { down_after_ms = 800, failover_timeout_ms = 6000 }
      exporter            = { enabled = true, image = "docker.io/oliver006/redis_exporter:v1.70.0" }
      resources           = { requests = { memory = "600Mi" }, limits = { memory = "1500Mi" } }
      node_selector       = { pool = "data" }
      priority_class_name = "data"
    }
    ingress = {
      enabled     = true, class_name = "nginx", host = "haven.example.com"
      annotations = { "nginx.ingress.kubernetes.io/proxy-read-timeout" = "3600" }
      tls         = [{ hosts = ["haven.example.com"], secret_name = "haven-tls" }]
    }
    http_route = {
      enabled     = true, hostnames = ["haven.example.com"]
      parent_refs = [{ name = "public", namespace = "gateways", section_name = "https" }]
    }
    network_policy = {
      enabled           = true, database_port = 6432, external_redis_ports = [6380]
      ingress_from      = [{ namespace_labels = { team = "edge" } }]
      monitoring_from   = [{ namespace_labels = { team = "observability" }, pod_labels = { app = "prometheus" } }]
      dns_to            = [{ pod_labels = { k8s-app = "kube-dns" }, namespace_labels = {} }]
      database_to       = [{ cidr = "10.20.0.0/24" }]
      external_redis_to = [{ cidr = "10.30.0.0/24" }]
      kubernetes_to     = [{ cidr = "10.40.0.1/32" }]
    }
    monitoring = {
      pod_monitor = { enabled = "true", interval = "30s", labels = { prometheus = "main" } }
      rules = {
        enabled     = "false", labels = { prometheus = "main" }
        runbook_url = "https://wiki.example.com/runbooks", dashboard_url = "https://grafana.example.com"
      }
      dashboards = { enabled = "auto", labels = { dashboards = "yes" }, annotations = { grafana_folder = "Haven" } }
    }
    drill = {
      enabled    = true, experiment = "primary-kill", schedule = "0 9 * * 1", time_zone = "Europe/Berlin", max_duration = 300
      prometheus = "http://prometheus.monitoring:9090", experiments = "shop-drills"
    }
    backup = {
      enabled = true, schedule = "0 4 * * *", time_zone = "Europe/Berlin", keep = 14, max_duration = 1800
      storage = { size = "8Gi", class_name = "slow" }
    }
  }
  assert {
    condition     = !helm_release.this.atomic && !helm_release.this.create_namespace && helm_release.this.timeout == 300
    error_message = "atomic, create_namespace or timeout was not taken"
  }
  assert {
    condition     = yamldecode(helm_release.this.values[0]).networkPolicy.monitoringFrom == [{ namespaceSelector = { matchLabels = { team = "observability" } }, podSelector = { matchLabels = { app = "prometheus" } } }]
    error_message = "a peer is handed over as Kubernetes knows it"
  }
  assert {
    condition     = yamldecode(helm_release.this.values[0]).monitoring.podMonitor.enabled == true && yamldecode(helm_release.this.values[0]).monitoring.dashboards.enabled == "auto"
    error_message = "true is handed over as a boolean, auto as a word"
  }
  assert {
    condition     = output.web == "shop-haven-web.sales.svc:80" && output.secret == "passwords" && output.sentinel_master == "sales-shop-haven"
    error_message = "web=${output.web} secret=${output.secret} master=${output.sentinel_master}"
  }
}

run "a_certificate_and_a_volume_of_ones_own" {
  command = plan
  variables {
    redis  = { tls = { enabled = true, existing_secret = "redis-certificate" } }
    backup = { enabled = true, storage = { existing_claim = "backups" } }
  }
  assert {
    condition     = yamldecode(helm_release.this.values[0]).redis.tls.existingSecret == "redis-certificate"
    error_message = "the Secret's name was not handed over"
  }
}

run "managed_redis_and_database" {
  command = plan
  variables {
    database = { existing_secret = "database", existing_secret_key = "url", tryout = { enabled = false } }
    redis    = { enabled = false }
    external_redis = {
      host = "redis.example.com", port = 6380, username = "haven", existing_secret = "redis", existing_secret_key = "auth"
      tls  = { enabled = true, ca_secret = "redis-ca", ca_key = "authority.crt", client_secret = "redis-client" }
    }
    realtime       = { enabled = false }
    network_policy = { database_to = [{ cidr = "10.20.0.0/24" }], external_redis_to = [{ cidr = "10.30.0.0/24" }] }
  }
  assert {
    condition     = length(output.redis) == 0 && length(output.sentinels) == 0 && output.sentinel_master == null && output.realtime == output.web
    error_message = "addresses of a Redis that is not the release's own"
  }
}

run "sentinels_of_ones_own" {
  command = plan
  variables {
    redis = { enabled = false }
    external_redis = {
      mode                         = "sentinel", sentinels = ["a.example.com:26379", "b.example.com:26379", "c.example.com:26379"], master = "orders"
      sentinel_username            = "haven"
      existing_secret              = "redis"
      sentinel_existing_secret_key = "sentinel"
    }
    network_policy = { external_redis_to = [{ cidr = "10.30.0.0/24" }] }
  }
  assert {
    condition     = output.sentinels[1] == "b.example.com:26379" && output.sentinel_master == "orders"
    error_message = "sentinels=${jsonencode(output.sentinels)} master=${output.sentinel_master}"
  }
}

run "extra_values_come_last" {
  command = plan
  variables {
    web = { replicas = 3 }
    # what no variable can express: other kinds of values beside each other, and null, which takes a default away
    extra_values = {
      fullnameOverride = "orders"
      web              = { replicas = 5, pdb = { maxUnavailable = "50%" }, resources = { limits = { memory = null } } }
    }
  }
  assert {
    condition     = yamldecode(helm_release.this.values[1]).web.replicas == 5 && length(helm_release.this.values) == 2
    error_message = "extra_values are not the last, or not as they were given"
  }
  assert {
    condition     = output.web == "orders-web.haven.svc:80" && output.secret == "orders-secrets"
    error_message = "fullnameOverride is forgotten: web=${output.web} secret=${output.secret}"
  }
}

run "another_name_of_the_chart" {
  command = plan
  variables {
    name         = "a-release-with-a-name-of-forty-characters"
    extra_values = { nameOverride = "orders" }
  }
  assert {
    condition     = output.secret == "a-release-with-a-name-of-forty-character-secrets"
    error_message = "the chart cuts names at 40 characters: secret=${output.secret}"
  }
}

run "a_chart_from_a_private_registry" {
  command = plan
  variables {
    chart          = "oci://registry.example.com/charts/haven"
    chart_version  = "0.1.0"
    chart_registry = { username = "ci", password = "secret" }
  }
  assert {
    condition     = helm_release.this.chart == "oci://registry.example.com/charts/haven" && helm_release.this.version == "0.1.0"
    error_message = "chart=${helm_release.this.chart} version=${helm_release.this.version}"
  }
  assert {
    condition     = helm_release.this.repository_username == "ci" && helm_release.this.repository_password == "secret"
    error_message = "the registry's user was not handed over"
  }
}
