# Ways in and network policies. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image = { repository = "haven" }
}

run "ingress_without_a_host" {
  command = plan
  variables {
    ingress = { enabled = true }
  }
  expect_failures = [var.ingress]
}

run "ingress_host_with_a_scheme" {
  command = plan
  variables {
    ingress = { enabled = true, host = "https://haven.example.com" }
  }
  expect_failures = [var.ingress]
}

run "http_route_without_a_gateway" {
  command = plan
  variables {
    http_route = { enabled = true }
  }
  expect_failures = [var.http_route]
}

run "database_port_out_of_range" {
  command = plan
  variables {
    network_policy = { database_port = 0 }
  }
  expect_failures = [var.network_policy]
}

run "redis_ports_out_of_range" {
  command = plan
  variables {
    network_policy = { external_redis_ports = [6379, 70000] }
  }
  expect_failures = [var.network_policy]
}

run "database_cut_off" {
  command = plan
  variables {
    database = { existing_secret = "database", tryout = { enabled = false } }
  }
  expect_failures = [var.network_policy]
}

run "redis_cut_off" {
  command = plan
  variables {
    redis          = { enabled = false }
    external_redis = { host = "redis" }
  }
  expect_failures = [var.network_policy]
}

run "peer_that_is_two" {
  command = plan
  variables {
    network_policy = { ingress_from = [{ cidr = "10.0.0.0/8", pod_labels = { app = "nginx" } }] }
  }
  expect_failures = [var.network_policy]
}

run "peer_that_is_none" {
  command = plan
  variables {
    network_policy = { monitoring_from = [{}] }
  }
  expect_failures = [var.network_policy]
}

run "peer_without_a_length" {
  command = plan
  variables {
    network_policy = { dns_to = [{ cidr = "10.0.0.10" }] }
  }
  expect_failures = [var.network_policy]
}
