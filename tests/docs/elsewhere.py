"""Blocks that no test runs, each by its page and first line, with the reason. Ask twice before adding one."""

MOST = 12

_EMPTY = (
    "an empty installation that takes over another: tests/integration/backup/test_drill.py and tests/cluster are that"
)

ELSEWHERE = {
    (
        "docs/backup.md",
        'haven backup --out /backups && pg_dump --format=custom --file=/backups/haven.dump "$DATABASE_URL"',
    ): ("needs a PostgreSQL; its first half is run"),
    ("docs/backup.md", "haven restore /backups --dry-run"): _EMPTY,
    (
        "docs/backup.md",
        "kubectl create job --from=cronjob/haven-restore restore-now --dry-run=client --output=yaml \\",
    ): _EMPTY,
    (
        "docs/backup.md",
        "export REDIS_HOST=redis.example.com REDIS_PORT=6380 REDIS_SSL=true REDIS_PASSWORD_FILE=/run/secrets/redis",
    ): "needs a managed Redis",
    ("terraform/README.md", "make test-terraform"): "runs tests that `make test` runs as well",
    ("README.md", "make test"): "it is what runs these tests; tests/cluster is the other",
    ("docs/verify.md", "cosign verify ghcr.io/OWNER/haven:0.2.0 \\"): "asks a registry and Sigstore's log",
    ("docs/verify.md", "docker buildx imagetools inspect ghcr.io/OWNER/haven:0.2.0 --format '{{json .Provenance}}'"): (
        "asks a registry"
    ),
    ("docs/verify.md", "cosign verify ghcr.io/OWNER/charts/haven:0.2.0 \\"): "as for the image",
    ("docs/verify.md", "make image-push image-sign IMAGE=registry.example.com/haven"): (
        "pushes to a registry; tests/release/test_ship.py runs the targets beside programs that only note it"
    ),
    ("CONTRIBUTING.md", "make format check test"): "as in the README",
    (
        "docs/load.md",
        "curl -s localhost:9090/api/v1/alerts",
    ): "needs `make up-demo`, which tests/integration/stack/test_demo.py starts, and asks the same",
}
