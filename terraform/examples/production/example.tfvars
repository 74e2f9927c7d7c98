image       = { repository = "registry.example.com/haven", digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
redis       = { addresses = ["redis.example.com:6380"], username = "haven" }
networks    = { database = ["10.20.0.0/24"], redis = ["10.30.0.0/24"] }
ingress     = { host = "haven.example.com" }
runbook_url = "https://wiki.example.com/haven/runbooks"
