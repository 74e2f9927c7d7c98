output "release" {
  description = "The release's name."
  value       = helm_release.this.name
}

output "namespace" {
  description = "The release's namespace."
  value       = helm_release.this.namespace
}

output "secret" {
  description = "The name of the Secret with the release's passwords, in its namespace."
  value       = coalesce(var.secrets.existing_secret, "${local.fullname}-secrets")
}

output "web" {
  description = "Where the cluster reaches the API and the pages, host:port."
  value       = "${local.fullname}-web.${helm_release.this.namespace}.svc:80"
}

output "realtime" {
  description = "Where the cluster reaches event streams, host:port. Web serves them without realtime."
  value       = "${local.fullname}-${var.realtime.enabled ? "realtime" : "web"}.${helm_release.this.namespace}.svc:80"
}

output "redis" {
  description = "The release's own Redis, host:port of each: its primary moves between them, so ask `sentinels`. Empty with external_redis."
  value       = [for place in range(var.redis.enabled ? 3 : 0) : "${local.fullname}-redis-${place}.${helm_release.this.namespace}.svc:6379"]
}

output "sentinels" {
  description = "The Sentinels that name the primary, host:port of each; those of external_redis in its mode sentinel."
  value = var.redis.enabled ? [
    for place in range(3) : "${local.fullname}-redis-${place}.${helm_release.this.namespace}.svc:26379"
  ] : var.external_redis.sentinels
}

output "sentinel_master" {
  description = "The primary's name at the Sentinels. Null with a single external Redis."
  value       = var.redis.enabled ? "${helm_release.this.namespace}-${local.fullname}" : var.external_redis.master
}
