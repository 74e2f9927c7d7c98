# Monitoring, drills and backups. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image = { repository = "haven" }
}

run "pod_monitor_unknown" {
  command = plan
  variables {
    monitoring = { pod_monitor = { enabled = "yes" } }
  }
  expect_failures = [var.monitoring]
}

run "interval_without_a_unit" {
  command = plan
  variables {
    monitoring = { pod_monitor = { interval = "15" } }
  }
  expect_failures = [var.monitoring]
}

run "runbooks_with_a_slash_at_the_end" {
  command = plan
  variables {
    monitoring = { rules = { runbook_url = "https://example.com/runbooks/" } }
  }
  expect_failures = [var.monitoring]
}

run "drill_too_long" {
  command = plan
  variables {
    drill = { max_duration = 7200 }
  }
  expect_failures = [var.drill]
}

run "drill_without_a_redis" {
  command = plan
  variables {
    drill          = { enabled = true }
    redis          = { enabled = false }
    external_redis = { host = "redis" }
    network_policy = { enabled = false }
  }
  expect_failures = [var.drill]
}

run "drill_without_the_rights" {
  command = plan
  variables {
    drill = { enabled = true, experiment = "node-drain" }
  }
  expect_failures = [var.drill]
}

run "drill_in_capitals" {
  command = plan
  variables {
    drill = { experiment = "Primary" }
  }
  expect_failures = [var.drill]
}

run "drill_now_and_then" {
  command = plan
  variables {
    drill = { schedule = "weekly" }
  }
  expect_failures = [var.drill]
}

run "prometheus_without_a_scheme" {
  command = plan
  variables {
    drill = { prometheus = "prometheus:9090" }
  }
  expect_failures = [var.drill]
}

run "backup_of_none" {
  command = plan
  variables {
    backup = { keep = 0 }
  }
  expect_failures = [var.backup]
}

run "backup_without_a_redis" {
  command = plan
  variables {
    backup         = { enabled = true }
    redis          = { enabled = false }
    external_redis = { host = "redis" }
    network_policy = { enabled = false }
  }
  expect_failures = [var.backup]
}

run "backup_with_two_disks" {
  command = plan
  variables {
    backup = { storage = { existing_claim = "backups", class_name = "slow" } }
  }
  expect_failures = [var.backup]
}

run "backup_now_and_then" {
  command = plan
  variables {
    backup = { schedule = "nightly" }
  }
  expect_failures = [var.backup]
}

run "backup_disk_without_a_unit" {
  command = plan
  variables {
    backup = { storage = { size = "2" } }
  }
  expect_failures = [var.backup]
}
