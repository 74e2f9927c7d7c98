# The values of the pods.

locals {
  # what all of them have
  pods = { for name, pod in { web = var.web, realtime = var.realtime, worker = var.worker, redis = var.redis } :
    name => { for key, value in {
      resources         = pod.resources == null ? null : { for key, value in pod.resources : key => value if value != null }
      nodeSelector      = pod.node_selector
      priorityClassName = pod.priority_class_name
    } : key => value if value != null }
  }
  scaling = { for name, pod in { web = var.web, realtime = var.realtime } :
    name => { for key, value in {
      enabled   = pod.autoscaling.enabled
      min       = pod.autoscaling.min
      max       = pod.autoscaling.max
      targetCPU = pod.autoscaling.target_cpu
    } : key => value if value != null }
  }

  web = { for key, value in {
    replicas       = var.web.replicas
    autoscaling    = local.scaling.web
    workers        = var.web.workers
    threads        = var.web.threads
    streams        = var.web.streams
    trustedProxies = var.web.trusted_proxies
    drain          = var.web.drain
    grace          = var.web.grace
  } : key => value if value != null }

  realtime = { for key, value in {
    enabled     = var.realtime.enabled
    replicas    = var.realtime.replicas
    autoscaling = local.scaling.realtime
    workers     = var.realtime.workers
    streams     = var.realtime.streams
    drain       = var.realtime.drain
    grace       = var.realtime.grace
  } : key => value if value != null }

  worker = { for key, value in {
    replicas  = var.worker.replicas
    processes = var.worker.processes
    threads   = var.worker.threads
    maxTasks  = var.worker.max_tasks
    maxMemory = var.worker.max_memory
    taskGrace = var.worker.task_grace
  } : key => value if value != null }
}
