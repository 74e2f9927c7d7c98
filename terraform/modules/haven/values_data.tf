# The values of the database and of Redis.

locals {
  database = { for key, value in {
    existingSecret    = var.database.existing_secret
    existingSecretKey = var.database.existing_secret_key
    tryout = { for key, value in {
      enabled = var.database.tryout.enabled
      seed    = var.database.tryout.seed
      image   = var.database.tryout.image
      storage = var.database.tryout.storage == null ? null : { for key, value in {
        size      = var.database.tryout.storage.size
        className = var.database.tryout.storage.class_name
      } : key => value if value != null }
    } : key => value if value != null }
  } : key => value if value != null }

  redis = { for key, value in {
    enabled         = var.redis.enabled
    image           = var.redis.image
    engine          = var.redis.engine
    maxmemory       = var.redis.maxmemory
    shutdownTimeout = var.redis.shutdown_timeout
    config          = var.redis.config
    persistence = { for key, value in {
      enabled   = var.redis.persistence.enabled
      size      = var.redis.persistence.size
      className = var.redis.persistence.class_name
    } : key => value if value != null }
    tls = { for key, value in {
      enabled        = var.redis.tls.enabled
      existingSecret = var.redis.tls.existing_secret
      name           = var.redis.tls.name
      certManager = { for key, value in {
        enabled     = var.redis.tls.cert_manager.enabled
        duration    = var.redis.tls.cert_manager.duration
        renewBefore = var.redis.tls.cert_manager.renew_before
        issuerRef = var.redis.tls.cert_manager.issuer_ref == null ? null : {
          for key, value in var.redis.tls.cert_manager.issuer_ref : key => value if value != null
        }
      } : key => value if value != null }
    } : key => value if value != null }
    sentinel = {
      downAfterMs       = var.redis.sentinel.down_after_ms
      failoverTimeoutMs = var.redis.sentinel.failover_timeout_ms
    }
    exporter = { for key, value in var.redis.exporter : key => value if value != null }
  } : key => value if value != null }

  external_redis = { for key, value in {
    mode                      = var.external_redis.mode
    host                      = var.external_redis.host
    port                      = var.external_redis.port
    sentinels                 = var.external_redis.sentinels
    master                    = var.external_redis.master
    username                  = var.external_redis.username
    sentinelUsername          = var.external_redis.sentinel_username
    existingSecret            = var.external_redis.existing_secret
    existingSecretKey         = var.external_redis.existing_secret_key
    sentinelExistingSecretKey = var.external_redis.sentinel_existing_secret_key
    tls = { for key, value in {
      enabled      = var.external_redis.tls.enabled
      caSecret     = var.external_redis.tls.ca_secret
      caKey        = var.external_redis.tls.ca_key
      clientSecret = var.external_redis.tls.client_secret
    } : key => value if value != null }
  } : key => value if value != null }
}
