# The database and the chart's own Redis. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image = { repository = "haven" }
}

run "database_by_its_url" {
  command = plan
  variables {
    database       = { existing_secret = "postgresql://user:secret@db/haven", tryout = { enabled = false } }
    network_policy = { enabled = false }
  }
  expect_failures = [var.database]
}

run "database_twice" {
  command = plan
  variables {
    database       = { existing_secret = "database" }
    network_policy = { enabled = false }
  }
  expect_failures = [var.database]
}

run "database_none" {
  command = plan
  variables {
    database = { tryout = { enabled = false } }
  }
  expect_failures = [var.database]
}

run "database_of_ones_own_with_example_users" {
  command = plan
  variables {
    database       = { existing_secret = "database", tryout = { enabled = false, seed = true } }
    network_policy = { enabled = false }
  }
  expect_failures = [var.database]
}

run "database_disk_without_a_unit" {
  command = plan
  variables {
    database = { tryout = { storage = { size = "1" } } }
  }
  expect_failures = [var.database]
}

run "redis_shutdown_timeout_out_of_range" {
  command = plan
  variables {
    redis = { shutdown_timeout = 61 }
  }
  expect_failures = [var.redis]
}

run "redis_down_after_out_of_range" {
  command = plan
  variables {
    redis = { sentinel = { down_after_ms = 200 } }
  }
  expect_failures = [var.redis]
}

run "redis_engine_unknown" {
  command = plan
  variables {
    redis = { engine = "keydb" }
  }
  expect_failures = [var.redis]
}

run "redis_with_the_image_of_valkey" {
  command = plan
  variables {
    redis = { image = "docker.io/valkey/valkey:8.1" }
  }
  expect_failures = [var.redis]
}

run "valkey_with_the_image_of_redis" {
  command = plan
  variables {
    redis = { engine = "valkey" }
  }
  expect_failures = [var.redis]
}

run "redis_maxmemory_without_a_unit" {
  command = plan
  variables {
    redis = { maxmemory = "256" }
  }
  expect_failures = [var.redis]
}

run "redis_disk_without_a_unit" {
  command = plan
  variables {
    redis = { persistence = { size = "2GB" } }
  }
  expect_failures = [var.redis]
}

run "redis_config_of_the_guardian" {
  command = plan
  variables {
    redis = { config = { replicaof = "10.0.0.1 6379" } }
  }
  expect_failures = [var.redis]
}

run "redis_failover_shorter_than_its_detection" {
  command = plan
  variables {
    redis = { sentinel = { failover_timeout_ms = 1100 } }
  }
  expect_failures = [var.redis]
}

run "redis_tls_of_a_redis_that_is_not_there" {
  command = plan
  variables {
    redis          = { enabled = false, tls = { enabled = true, existing_secret = "tls" } }
    external_redis = { host = "redis" }
    network_policy = { enabled = false }
  }
  expect_failures = [var.redis]
}

run "redis_tls_without_a_certificate" {
  command = plan
  variables {
    redis = { tls = { enabled = true } }
  }
  expect_failures = [var.redis]
}

run "redis_certificate_with_two_owners" {
  command = plan
  variables {
    redis = { tls = { enabled = true, existing_secret = "tls", cert_manager = { enabled = true, issuer_ref = { name = "ca" } } } }
  }
  expect_failures = [var.redis]
}

run "redis_certificate_unused" {
  command = plan
  variables {
    redis = { tls = { existing_secret = "tls" } }
  }
  expect_failures = [var.redis]
}

run "redis_certificate_without_an_issuer" {
  command = plan
  variables {
    redis = { tls = { enabled = true, cert_manager = { enabled = true } } }
  }
  expect_failures = [var.redis]
}

run "redis_tls_name_in_capitals" {
  command = plan
  variables {
    redis = { tls = { enabled = true, existing_secret = "tls", name = "Redis" } }
  }
  expect_failures = [var.redis]
}

run "redis_certificate_for_days" {
  command = plan
  variables {
    redis = { tls = { enabled = true, cert_manager = { enabled = true, issuer_ref = { name = "ca" }, duration = "90d" } } }
  }
  expect_failures = [var.redis]
}

run "redis_tls_secret_with_a_slash" {
  command = plan
  variables {
    redis = { tls = { enabled = true, existing_secret = "team/tls" } }
  }
  expect_failures = [var.redis]
}
