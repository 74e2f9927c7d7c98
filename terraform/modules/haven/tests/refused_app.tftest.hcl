# What runs the application. Each run breaks one validation; tests/terraform checks its words.

mock_provider "helm" {}

variables {
  image = { repository = "haven" }
}

run "image_repository_with_a_tag" {
  command = plan
  variables {
    image = { repository = "registry.example.com/haven:0.1.0" }
  }
  expect_failures = [var.image]
}

run "image_tag_with_a_space" {
  command = plan
  variables {
    image = { repository = "haven", tag = "0.1 0" }
  }
  expect_failures = [var.image]
}

run "image_digest_cut_off" {
  command = plan
  variables {
    image = { repository = "haven", digest = "sha256:0123" }
  }
  expect_failures = [var.image]
}

run "image_pull_policy_unknown" {
  command = plan
  variables {
    image = { repository = "haven", pull_policy = "Sometimes" }
  }
  expect_failures = [var.image]
}

run "image_pull_secret_with_a_slash" {
  command = plan
  variables {
    image = { repository = "haven", pull_secrets = ["team/registry"] }
  }
  expect_failures = [var.image]
}

run "secret_that_is_a_password" {
  command = plan
  variables {
    secrets = { existing_secret = "Pa$$word" }
  }
  expect_failures = [var.secrets]
}

run "setting_of_another_program" {
  command = plan
  variables {
    settings = { PATH = "/bin" }
  }
  expect_failures = [var.settings]
}

run "setting_of_the_chart" {
  command = plan
  variables {
    settings = { REDIS_HOST = "redis" }
  }
  expect_failures = [var.settings]
}

run "web_threads_out_of_range" {
  command = plan
  variables {
    web = { threads = 257 }
  }
  expect_failures = [var.web]
}

run "web_target_cpu_out_of_range" {
  command = plan
  variables {
    web = { autoscaling = { target_cpu = 101 } }
  }
  expect_failures = [var.web]
}

run "web_half_a_replica" {
  command = plan
  variables {
    web = { replicas = 1.5 }
  }
  expect_failures = [var.web]
}

run "web_autoscaling_upside_down" {
  command = plan
  variables {
    web = { autoscaling = { enabled = true, min = 7 } }
  }
  expect_failures = [var.web]
}

run "web_autoscaling_without_a_request" {
  command = plan
  variables {
    web = { autoscaling = { enabled = true }, resources = { requests = { cpu = null } } }
  }
  expect_failures = [var.web]
}

run "web_streams_take_every_thread" {
  command = plan
  variables {
    web = { streams = 16 }
  }
  expect_failures = [var.web]
}

run "realtime_streams_out_of_range" {
  command = plan
  variables {
    realtime = { streams = 0 }
  }
  expect_failures = [var.realtime]
}

run "realtime_autoscaling_upside_down" {
  command = plan
  variables {
    realtime = { autoscaling = { enabled = true, min = 3, max = 2 } }
  }
  expect_failures = [var.realtime]
}

run "realtime_autoscaling_without_a_request" {
  command = plan
  variables {
    realtime = { autoscaling = { enabled = true }, resources = { requests = { cpu = null } } }
  }
  expect_failures = [var.realtime]
}

run "worker_processes_out_of_range" {
  command = plan
  variables {
    worker = { processes = 0 }
  }
  expect_failures = [var.worker]
}
