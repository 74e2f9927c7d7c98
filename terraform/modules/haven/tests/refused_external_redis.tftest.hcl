# A Redis of one's own. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image          = { repository = "haven" }
  redis          = { enabled = false }
  network_policy = { enabled = false }
}

run "port_out_of_range" {
  command = plan
  variables {
    external_redis = { host = "redis", port = 65536 }
  }
  expect_failures = [var.external_redis]
}

run "mode_unknown" {
  command = plan
  variables {
    external_redis = { host = "redis", mode = "cluster" }
  }
  expect_failures = [var.external_redis]
}

run "sentinels_without_ports" {
  command = plan
  variables {
    external_redis = { mode = "sentinel", sentinels = ["a", "b", "c"], master = "orders" }
  }
  expect_failures = [var.external_redis]
}

run "beside_the_charts_own" {
  command = plan
  variables {
    redis          = { enabled = true }
    external_redis = { host = "redis" }
  }
  expect_failures = [var.external_redis]
}

run "none" {
  command = plan
  variables {
    external_redis = {}
  }
  expect_failures = [var.external_redis]
}

run "host_with_its_port" {
  command = plan
  variables {
    external_redis = { host = "redis:6379" }
  }
  expect_failures = [var.external_redis]
}

run "sentinels_in_mode_standalone" {
  command = plan
  variables {
    external_redis = { host = "redis", sentinels = ["a:26379"] }
  }
  expect_failures = [var.external_redis]
}

run "no_sentinels_in_mode_sentinel" {
  command = plan
  variables {
    external_redis = { mode = "sentinel", master = "orders" }
  }
  expect_failures = [var.external_redis]
}

run "no_master_in_mode_sentinel" {
  command = plan
  variables {
    external_redis = { mode = "sentinel", sentinels = ["a:26379"] }
  }
  expect_failures = [var.external_redis]
}

run "host_in_mode_sentinel" {
  command = plan
  variables {
    external_redis = { mode = "sentinel", sentinels = ["a:26379"], master = "orders", host = "redis" }
  }
  expect_failures = [var.external_redis]
}

run "sentinel_password_of_no_secret" {
  command = plan
  variables {
    external_redis = { host = "redis", sentinel_existing_secret_key = "sentinel" }
  }
  expect_failures = [var.external_redis]
}

run "certificate_unused" {
  command = plan
  variables {
    external_redis = { host = "redis", tls = { ca_secret = "ca" } }
  }
  expect_failures = [var.external_redis]
}

run "secret_that_is_a_password" {
  command = plan
  variables {
    external_redis = { host = "redis", existing_secret = "Pa$$word" }
  }
  expect_failures = [var.external_redis]
}
