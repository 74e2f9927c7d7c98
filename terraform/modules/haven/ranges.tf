# The least and the most of each number, those of the chart's values.schema.json. Null: no end.

locals {
  autoscaling = {
    "autoscaling.min"        = [1, null]
    "autoscaling.max"        = [1, null]
    "autoscaling.target_cpu" = [10, 100]
  }
  ranges = {
    web = merge(local.autoscaling, {
      replicas        = [1, null]
      workers         = [1, 64]
      threads         = [1, 256]
      streams         = [0, 255]
      trusted_proxies = [0, 5]
      drain           = [0, 300]
      grace           = [1, 300]
    })
    realtime = merge(local.autoscaling, {
      replicas = [1, null]
      workers  = [1, 64]
      streams  = [1, 20000]
      drain    = [0, 300]
      grace    = [1, 300]
    })
    worker = {
      replicas   = [1, null]
      processes  = [1, 64]
      threads    = [1, 64]
      max_tasks  = [0, null]
      max_memory = [0, null]
      task_grace = [1, 600]
    }
    redis = {
      shutdown_timeout               = [0, 60]
      "sentinel.down_after_ms"       = [300, 5000]
      "sentinel.failover_timeout_ms" = [600, null]
    }
    external_redis = {
      port = [1, 65535]
    }
    network_policy = {
      database_port = [1, 65535]
    }
    drill = {
      max_duration = [60, 3600]
    }
    backup = {
      keep         = [1, null]
      max_duration = [60, null]
    }
  }
}
