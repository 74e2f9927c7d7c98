# One release of the chart. What is handed to it: values.tf.

resource "helm_release" "this" {
  name             = var.name
  namespace        = var.namespace
  create_namespace = var.create_namespace

  # relative, as an absolute path in the state would make a change for everybody with another checkout
  chart   = coalesce(var.chart, local.chart_here)
  version = var.chart_version

  repository_username = try(var.chart_registry.username, null)
  repository_password = try(var.chart_registry.password, null)

  # the last wins, key by key
  values = [yamlencode(local.values), yamlencode(var.extra_values)]

  # what an apply reports as done serves: every pod is ready
  wait    = true
  timeout = var.timeout
  # an upgrade that does not become ready goes back to what served, and what it had made newly is removed
  atomic          = var.atomic
  cleanup_on_fail = true
  # earlier versions for `helm rollback`; each is a Secret in the namespace
  max_history = 10
}
