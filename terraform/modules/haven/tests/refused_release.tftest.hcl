# The release's own variables. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image = { repository = "haven" }
}

run "name_in_capitals" {
  command = plan
  variables {
    name = "Haven"
  }
  expect_failures = [var.name]
}

run "namespace_with_a_dot" {
  command = plan
  variables {
    namespace = "sales.eu"
  }
  expect_failures = [var.namespace]
}

run "chart_without_a_chart" {
  command = plan
  variables {
    chart = "./nowhere"
  }
  expect_failures = [var.chart]
}

run "chart_of_a_registry_without_a_version" {
  command = plan
  variables {
    chart = "oci://registry.example.com/haven"
  }
  expect_failures = [var.chart_version]
}

run "chart_version_with_a_directory" {
  command = plan
  variables {
    chart_version = "0.1.0"
  }
  expect_failures = [var.chart_version]
}

run "chart_version_as_a_range" {
  command = plan
  variables {
    chart         = "oci://registry.example.com/haven"
    chart_version = ">=0.1.0"
  }
  expect_failures = [var.chart_version]
}

run "chart_registry_with_a_directory" {
  command = plan
  variables {
    chart_registry = { username = "ci", password = "secret" }
  }
  expect_failures = [var.chart_registry]
}

run "chart_registry_without_a_password" {
  command = plan
  variables {
    chart          = "oci://registry.example.com/haven"
    chart_version  = "0.1.0"
    chart_registry = { username = "ci", password = "" }
  }
  expect_failures = [var.chart_registry]
}

run "timeout_too_short" {
  command = plan
  variables {
    timeout = 30
  }
  expect_failures = [var.timeout]
}

run "timeout_in_parts" {
  command = plan
  variables {
    timeout = 90.5
  }
  expect_failures = [var.timeout]
}

run "extra_values_as_text" {
  command = plan
  variables {
    extra_values = "web: {}"
  }
  expect_failures = [var.extra_values]
}
