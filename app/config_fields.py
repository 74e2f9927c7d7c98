"""Every setting: its type, default, meaning, and what a right value is. docs/settings.md is made from this page."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from app.settings import Addresses, Nodes, OneAddress, setting

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105 - says what it is, and production refuses it


class Settings(BaseSettings):
    """The variables, each by its lower-case name."""

    haven_env: Literal["development", "testing", "production"] = setting(
        "development",
        "Which class of settings is used.",
        "one of development, testing, production",
        group="Application",
    )
    secret_key: SecretStr = setting(
        SecretStr(DEVELOPMENT_SECRET),
        "Signs cookies. Required in production.",
        "at least 32 random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        group="Application",
    )
    secret_key_fallbacks: SecretStr | None = setting(
        None,
        "Former values of SECRET_KEY: what they signed is accepted for as long as they are named here.",
        "keys, comma separated, or unset; HAVEN_SESSION_TTL after the change nobody needs them",
        group="Application",
    )
    database_url: SecretStr = setting(
        SecretStr("sqlite:///.haven/haven.db"),
        "The SQL database behind the cache.",
        "an SQLAlchemy URL such as postgresql://user:password@host/name or sqlite:///path",
        group="Application",
    )
    haven_cache_max_bytes: int = setting(
        1 << 20,
        "Larger values are computed and not cached, bytes of their JSON.",
        "bytes, 1024 or more",
        group="Application",
        ge=1024,
    )
    haven_cache_local_bytes: int = setting(
        0,
        "Cached values that each process keeps for itself, too, told by Redis of every change, bytes; 0: none.",
        "bytes; a value takes 1000 more than its JSON",
        group="Application",
        ge=0,
    )
    haven_replicas: int = setting(
        1,
        "How many copies of the web application run; the chart sets it.",
        "a number from 1",
        group="Application",
        ge=1,
    )
    haven_max_body: int = setting(
        1 << 20, "Largest request body, bytes.", "bytes, at least 1024", group="Application", ge=1024
    )
    haven_session_ttl: float = setting(
        86_400.0,
        "A session ends after this long without use, seconds.",
        "seconds, 60 or more",
        group="Application",
        ge=60,
    )
    haven_session_max_age: float = setting(
        2_592_000.0,
        "A session ends this long after the log-in, used or not, seconds.",
        "seconds, HAVEN_SESSION_TTL or more",
        group="Application",
        ge=60,
    )
    haven_session_per_user: int = setting(
        100,
        "Sessions that a user may have; one more ends that which was unused for longest.",
        "1 to 10000",
        group="Application",
        ge=1,
        le=10_000,
    )
    haven_cookie_secure: bool = setting(
        False,
        "Whether browsers keep the cookies for HTTPS and for this host alone (`__Host-…`).",
        "true, or false where people come by plain HTTP",
        group="Application",
    )
    haven_trusted_proxies: int = setting(
        0,
        "How many proxies in front are trusted to name the client's address in X-Forwarded-For.",
        "0 (none) to 5",
        group="Application",
        ge=0,
        le=5,
    )
    haven_files_dir: str = setting(
        ".haven/files", "Where the example task handlers write.", "a directory that can be written", group="Application"
    )
    haven_http_host: str = setting(
        "127.0.0.1", "Address the web application listens on.", "an address; 0.0.0.0 for all", group="Processes"
    )
    haven_http_port: int = setting(
        8000, "Port of the web application.", "a port, 1 to 65535", group="Processes", ge=1, le=65_535
    )
    haven_web_workers: int = setting(2, "gunicorn worker processes.", "1 to 64", group="Processes", ge=1, le=64)
    haven_web_threads: int = setting(16, "Threads per gunicorn worker.", "1 to 256", group="Processes", ge=1, le=256)
    haven_web_streams: int = setting(
        8,
        "Event streams open at once per gunicorn worker; each holds a thread, a WebSocket two.",
        "0 to 255, less than HAVEN_WEB_THREADS",
        group="Processes",
        ge=0,
        le=255,
    )
    haven_realtime_workers: int = setting(
        1, "gunicorn worker processes of `haven realtime`.", "1 to 64", group="Processes", ge=1, le=64
    )
    haven_realtime_streams: int = setting(
        2500,
        "Event streams open at once per worker of `haven realtime`.",
        "1 to 20000",
        group="Processes",
        ge=1,
        le=20_000,
    )
    haven_grace: int = setting(
        4,
        "For running requests after SIGTERM, seconds; Kubernetes' grace period must be longer.",
        "whole seconds, 1 to 600",
        group="Processes",
        ge=1,
        le=600,
    )
    haven_worker_threads: int = setting(
        4, "Tasks run at once per worker process.", "1 to 64", group="Processes", ge=1, le=64
    )
    haven_worker_processes: int = setting(
        1,
        "Processes of `haven worker`: more than one where tasks compute rather than wait.",
        "1 to 64",
        group="Processes",
        ge=1,
        le=64,
    )
    haven_worker_max_tasks: int = setting(
        0, "A worker process begins anew after about so many tasks; 0: never.", "0 or more", group="Processes", ge=0
    )
    haven_worker_max_memory: int = setting(
        0,
        "A worker process begins anew when it has so many MiB resident; 0: never.",
        "0 or more",
        group="Processes",
        ge=0,
    )
    haven_heart_file: str | None = setting(
        None,
        "A file that worker and subscriber touch when something got done, for probes that look at files.",
        "a path in a directory that can be written, or unset",
        group="Processes",
    )
    haven_metrics_dir: str | None = setting(
        None,
        "Where the worker processes of `haven web` share their metrics; unset: a scrape shows one of them at random.",
        "a directory of its own, in memory best, such as /dev/shm/haven-metrics; it is emptied at the start",
        group="Processes",
    )
    haven_ops_host: str = setting(
        "127.0.0.1",
        "Address of the probes and metrics of worker, subscriber, guardian.",
        "an address",
        group="Processes",
    )
    haven_ops_port: int = setting(
        0,
        "Port of the probes and metrics of worker, subscriber, guardian; 0: off (the guardian needs one).",
        "0 to 65535",
        group="Processes",
        ge=0,
        le=65_535,
    )
    haven_log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least level that is logged.", "one of debug, info, warning, error", group="Processes"
    )
    haven_log_format: Literal["console", "json"] = setting(
        "console", "Logs for people or for programs.", "console or json", group="Processes"
    )
    haven_ready_grace: float = setting(
        15.0,
        "A pod stays ready this long without Redis, seconds: longer than any failover.",
        "seconds, 5 or more",
        group="Processes",
        ge=5,
    )
    redis_host: str = setting("127.0.0.1", "Redis, when there is no Sentinel.", "a host name or address", group="Redis")
    redis_port: int = setting(
        6379,
        "Port of Redis, when there is no Sentinel.",
        "a port, 1 to 65535; tcp://… comes from Kubernetes: set enableServiceLinks: false on the pod",
        group="Redis",
        ge=1,
        le=65_535,
    )
    redis_db: int = setting(0, "Database number.", "0 to 15", group="Redis", ge=0, le=15)
    redis_username: str | None = setting(None, "ACL user.", "an ACL user's name, or unset", group="Redis")
    redis_password: SecretStr | None = setting(None, "Password.", "the password, or unset", group="Redis")
    redis_ssl: bool = setting(False, "TLS to Redis and Sentinel.", "true or false", group="Redis")
    redis_ssl_ca: str | None = setting(
        None, "File with the certificate authority; unset: the system's.", "a readable PEM file", group="Redis"
    )
    redis_ssl_name: str | None = setting(
        None,
        "The name that the certificates of Redis and Sentinel are checked for; unset: the address that is reached.",
        "a name in the certificates; needed where Sentinel names addresses that no certificate holds",
        group="Redis",
    )
    redis_ssl_cert: str | None = setting(
        None, "File with the client's certificate.", "a readable PEM file", group="Redis"
    )
    redis_ssl_key: str | None = setting(None, "File with the client's key.", "a readable PEM file", group="Redis")
    redis_sentinel_hosts: Addresses = setting(
        None,
        "The Sentinels; when set, they name the primary.",
        "host:port, comma separated; unset it for a single Redis",
        group="Redis",
    )
    redis_sentinel_master: str | None = setting(
        None, "Name of the primary at the Sentinels.", "the name in 'sentinel monitor <name> …'", group="Redis"
    )
    redis_sentinel_username: str | None = setting(None, "ACL user at the Sentinels.", "a name, or unset", group="Redis")
    redis_sentinel_password: SecretStr | None = setting(
        None, "Password at the Sentinels.", "the password, or unset", group="Redis"
    )
    redis_pool_size: int = setting(20, "Connections per process.", "1 to 1000", group="Redis", ge=1, le=1000)
    redis_pool_wait: float = setting(
        1.0, "For a free connection, seconds.", "seconds, 0.05 to 30", group="Redis", ge=0.05, le=30
    )
    redis_connect_timeout: float = setting(
        0.3, "For connecting and the greeting, seconds.", "seconds, 0.05 to 10", group="Redis", ge=0.05, le=10
    )
    redis_socket_timeout: float = setting(
        0.5,
        "For one reply, seconds; blocking commands add their block time.",
        "seconds, 0.05 to 60",
        group="Redis",
        ge=0.05,
        le=60,
    )
    redis_sentinel_timeout: float = setting(
        0.3, "For one Sentinel's answer, seconds.", "seconds, 0.05 to 10", group="Redis", ge=0.05, le=10
    )
    haven_deadline: float = setting(
        5.0, "For one operation with all its retries, seconds.", "seconds, 0.5 to 120", group="Redis", ge=0.5, le=120
    )
    haven_durable_replicas: int | None = setting(
        None,
        "Replicas that must confirm a durable write; unset: 1 with Sentinel, 0 without.",
        "0 to 5, or unset",
        group="Redis",
        ge=0,
        le=5,
    )
    haven_durable_timeout: float = setting(
        0.3,
        "For the replicas' confirmation, seconds, per attempt.",
        "seconds, 0.05 to 10",
        group="Redis",
        ge=0.05,
        le=10,
    )
    haven_task_lease: float = setting(
        30.0,
        "A silent worker's task is taken over after this long, seconds.",
        "seconds, 1 to 3600",
        group="Tasks",
        ge=1,
        le=3600,
    )
    haven_task_deliveries: int = setting(
        5,
        "A task that was started this often without an end goes to the dead letters.",
        "1 to 100",
        group="Tasks",
        ge=1,
        le=100,
    )
    haven_task_grace: float = setting(
        3.0,
        "For running tasks after SIGTERM, seconds; then others run them. Kubernetes' grace period must be longer.",
        "seconds, 0 to 600",
        group="Tasks",
        ge=0,
        le=600,
    )
    haven_task_modules: str = setting(
        "app.example.tasks",
        "The Python modules that declare tasks.",
        "importable names, comma separated",
        group="Tasks",
    )
    haven_task_key: SecretStr | None = setting(
        None,
        "Signs tasks: workers then run only what was enqueued with it. Two keys, comma separated, while it is changed.",
        "32 random characters or more, or unset: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        group="Tasks",
    )
    haven_task_waiting: int = setting(
        1_000_000,
        "Tasks that may wait in one queue; more are refused.",
        "1 to 100000000",
        group="Tasks",
        ge=1,
        le=100_000_000,
    )
    haven_task_dead_ttl: float = setting(
        2_592_000.0, "How long a dead task can be looked up, seconds.", "seconds, 60 or more", group="Tasks", ge=60
    )
    haven_task_ttl: float = setting(
        86_400.0, "How long a finished task can be looked up, seconds.", "seconds, 60 or more", group="Tasks", ge=60
    )
    haven_guardian_name: str | None = setting(
        None,
        "Which of the nodes this guardian stands beside.",
        "a name of HAVEN_GUARDIAN_NODES, such as redis-0",
        group="Guardian",
    )
    haven_guardian_nodes: Nodes = setting(
        None,
        "Every Redis with its announced address; the first is primary on a first install.",
        "name=host:port, comma separated, in the order of REDIS_SENTINEL_HOSTS",
        group="Guardian",
    )
    haven_guardian_redis: OneAddress = setting(
        None,
        "Where this node's Redis is reached, on its own machine; unset: its announced address.",
        "host:port, such as 127.0.0.1:6379",
        group="Guardian",
    )
    haven_guardian_sentinel: OneAddress = setting(
        None,
        "Where this node's Sentinel is reached, on its own machine; unset: its announced address.",
        "host:port, such as 127.0.0.1:26379",
        group="Guardian",
    )
    haven_guardian_announce: Literal["names", "addresses"] = setting(
        "names",
        "Whether Sentinel is told the nodes' names, or the addresses that these have when the guardian starts.",
        "names, or addresses: where each node has one that stays, such as a Service's",
        group="Guardian",
    )
    haven_guardian_users: str | None = setting(
        None,
        "A directory with the ACL users' passwords, a file each: admin, app, replica, sentinel, guardian, exporter.",
        "a readable directory, with HAVEN_GUARDIAN_FILES",
        group="Guardian",
    )
    haven_guardian_files: str | None = setting(
        None,
        "Where the guardian writes redis/redis.conf (address, users), sentinel/base.conf and exporter/passwords.json.",
        "a directory that can be written; unset: it writes none of them",
        group="Guardian",
    )
    haven_guardian_exporter: OneAddress = setting(
        None,
        "The redis_exporter beside it, which is told when its password has changed; unset: there is none.",
        "host:port, such as 127.0.0.1:9121, with HAVEN_GUARDIAN_USERS",
        group="Guardian",
    )
    haven_guardian_hosts: Addresses = setting(
        None,
        "The guardians' ports, for `haven handover`; unset: the one on this machine.",
        "host:port, comma separated",
        group="Guardian",
    )
    haven_guardian_token: SecretStr | None = setting(
        None,
        "Whoever sends it may ask for a handover; unset: nobody.",
        "random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        group="Guardian",
        min_length=16,
    )
    haven_guardian_patience: float = setting(
        10.0,
        "After a stop of everything, for nodes that may hold newer data, seconds.",
        "seconds, 1 to 600",
        group="Guardian",
        ge=1,
        le=600,
    )
    haven_guardian_beat: float = setting(
        1.0, "Between two heartbeats, seconds.", "seconds, 0.1 to 10", group="Guardian", ge=0.1, le=10
    )
    haven_guardian_hint_ms: int = setting(
        400,
        "How long a crash hint to the Sentinels lasts at most, ms.",
        "milliseconds, 200 to 1000: shorter ends before they have voted, longer makes the next primary look down",
        group="Guardian",
        ge=200,
        le=1000,
    )
    haven_sentinel_conf: str | None = setting(
        None,
        "The sentinel.conf that the guardian writes where there is none; unset: it writes none.",
        "a path on the Sentinel's disk",
        group="Guardian",
    )
    haven_sentinel_base: str | None = setting(
        None, "A file whose lines go first into a new sentinel.conf.", "a readable file", group="Guardian"
    )
    haven_sentinel_auth_user: str | None = setting(
        None, "ACL user as which the Sentinels watch Redis.", "a name, or unset: REDIS_USERNAME", group="Guardian"
    )
    haven_sentinel_auth_password: SecretStr | None = setting(
        None, "Its password.", "the password, or unset: REDIS_PASSWORD", group="Guardian"
    )
    haven_sentinel_quorum: int | None = setting(
        None,
        "Sentinels that must agree that the primary is down; unset: a majority.",
        "a number from 1, at most the number of Sentinels",
        group="Guardian",
        ge=1,
        le=9,
    )
    haven_sentinel_down_after_ms: int = setting(
        600, "Silence after which a Sentinel holds Redis for down, ms.", "300 to 5000", group="Guardian", le=30_000
    )
    haven_sentinel_failover_timeout_ms: int = setting(
        5_000,
        "For one attempt of a failover, ms; the next may begin after twice that.",
        "twice HAVEN_SENTINEL_DOWN_AFTER_MS or more",
        group="Guardian",
        le=180_000,
    )
    haven_sentinel_ping_period_ms: int = setting(
        300, "Between two PINGs of a Sentinel, ms.", "250 to half of HAVEN_SENTINEL_DOWN_AFTER_MS", group="Guardian"
    )
    haven_sentinel_ask_period_ms: int = setting(
        100, "Between two questions to the other Sentinels, ms.", "50 to 1000", group="Guardian", ge=50, le=1_000
    )
    haven_sentinel_info_period_ms: int = setting(
        500, "Between two INFOs of a Sentinel, ms.", "400 to below HAVEN_SENTINEL_DOWN_AFTER_MS", group="Guardian"
    )
    haven_sentinel_publish_period_ms: int = setting(
        500, "Between two announcements of a Sentinel, ms.", "100 to 2000", group="Guardian", ge=100, le=2_000
    )
