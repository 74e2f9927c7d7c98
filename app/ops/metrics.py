"""Every metric of Haven, declared once: name, type, labels, meaning.

Under gunicorn the values live in files that all workers share (``PROMETHEUS_MULTIPROC_DIR``); gauges therefore say how
the workers' values are joined. Label values are bounded: routes, commands and handler names, never ids.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LATENCY = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LONG = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

HTTP_DURATION = Histogram(
    "haven_http_request_duration_seconds",
    "Time from the first byte read to the answer handed over, by route, method and status.",
    ["route", "method", "status"],
    buckets=LATENCY,
)
HTTP_IN_PROGRESS = Gauge("haven_http_in_progress_requests", "Requests being answered now.", multiprocess_mode="livesum")

STORE_DURATION = Histogram(
    "haven_store_operation_duration_seconds",
    "Time of one operation on Redis with all its retries, by command; failed operations included.",
    ["operation"],
    buckets=LATENCY,
)
STORE_ERRORS = Counter(
    "haven_store_errors_total", "Operations that ended with an error of the store, by error.", ["error"]
)
STORE_RETRIES = Counter("haven_store_retries_total", "Attempts that were repeated, by the reason.", ["reason"])
STORE_CONNECTS = Counter("haven_store_connects_total", "Connections opened, by pool.", ["pool"])
STORE_FAILOVERS = Counter("haven_store_failovers_total", "Times this process saw another primary than before.")
STORE_OPEN = Gauge(
    "haven_store_open_circuits", "Processes that fail fast because Redis is away.", multiprocess_mode="livesum"
)
POOL_IN_USE = Gauge(
    "haven_store_pool_in_use_connections",
    "Connections in use: the most at once in the last second, by pool.",
    ["pool"],
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "haven_store_pool_size_connections", "Connections a pool may have, by pool.", ["pool"], multiprocess_mode="livesum"
)
POOL_WAITS = Counter(
    "haven_store_pool_waits_total", "Operations that had to wait for a free connection, by pool.", ["pool"]
)

CACHE_REQUESTS = Counter(
    "haven_cache_requests_total",
    "Look-ups by result: hit, stale (served while one makes it anew), miss, error (Redis away: computed instead), "
    "hit_local (from this process); and refresh: values made anew before anybody missed them.",
    ["result"],
)
CACHE_REFUSED = Counter(
    "haven_cache_refused_values_total", "Values not kept (too_large) or not taken from Redis (unreadable).", ["reason"]
)
CACHE_INVALIDATIONS = Counter("haven_cache_invalidated_tags_total", "Tags that were invalidated.")

LIMIT_DECISIONS = Counter(
    "haven_limit_decisions_total",
    "Decisions, by scope: allowed, rejected; when Redis was away outage_open, outage_closed, outage_local, "
    "outage_local_rejected.",
    ["scope", "decision"],
)

SESSION_EVENTS = Counter(
    "haven_session_events_total",
    "Sessions created, renewed (another id), destroyed, ended_everywhere (log-outs, not sessions), crowded_out (by the "
    "number per user); ids that came and were over (too old, logged out everywhere) or unknown (unused, made up).",
    ["event"],
)

EVENTS_PUBLISHED = Counter("haven_event_published_total", "Events published, by kind.", ["kind"])
EVENTS_DELIVERED = Counter("haven_event_delivered_total", "Events delivered, to: handler, sse, websocket.", ["to"])
EVENTS_SKIPPED = Counter(
    "haven_event_skipped_total", "Times a reader found that events after its place were no longer kept."
)
EVENT_STREAMS = Gauge(
    "haven_event_open_streams",
    "Event streams open now, by kind: sse or websocket.",
    ["kind"],
    multiprocess_mode="livesum",
)
EVENT_ENDS = Counter(
    "haven_event_stream_ends_total",
    "Ends of event streams, by reason: gone (the client went), slow, session, behind, restart, lifetime, silent, "
    "policy.",
    ["reason"],
)
EVENT_GAPS = Counter("haven_event_gaps_total", "Clients that were told that older events are no longer kept.")

TASKS_ENQUEUED = Counter("haven_task_enqueued_total", "Tasks taken in, by task and priority.", ["task", "priority"])
TASK_DURATION = Histogram("haven_task_duration_seconds", "Time a handler ran, by task.", ["task"], buckets=LONG)
TASK_WAIT = Histogram(
    "haven_task_wait_seconds",
    "Time from the moment a task may run to its first start, by priority.",
    ["priority"],
    buckets=LONG,
)
TASK_OUTCOMES = Counter(
    "haven_task_outcomes_total",
    "Ends of attempts, by task: done, retry, dead, cancelled, expired, lost (another worker had taken the task over).",
    ["task", "outcome"],
)
TASK_REDELIVERIES = Counter("haven_task_redeliveries_total", "Tasks taken over from a worker that fell silent.")
TASK_LATE = Histogram(
    "haven_task_schedule_lag_seconds",
    "How late delayed, retried and scheduled tasks were put into their queue.",
    buckets=LONG,
)
TASK_TICKS = Counter("haven_task_schedule_ticks_total", "Ticks that were enqueued, by schedule.", ["schedule"])

# The guardian shows these and no others, and no other process shows them: a zero from a worker would mean nothing.
GUARDIAN = CollectorRegistry()
GUARDIAN_STATE = Gauge(
    "haven_guardian_state_info",
    "What this node's Redis is to its guardian: 1 for the present state.",
    ["state"],
    registry=GUARDIAN,
)
GUARDIAN_EPOCH = Gauge(
    "haven_guardian_config_epoch",
    "Configuration epoch under which a majority of the Sentinels name the primary.",
    registry=GUARDIAN,
)
GUARDIAN_PRIMARIES = Gauge(
    "haven_guardian_primaries_nodes", "Redis servers in reach that say they are primary.", registry=GUARDIAN
)
GUARDIAN_NODES = Gauge("haven_guardian_reachable_nodes", "Redis servers that answer.", registry=GUARDIAN)
GUARDIAN_SENTINELS = Gauge(
    "haven_guardian_reachable_sentinels", "Sentinels that answer and watch the primary.", registry=GUARDIAN
)
GUARDIAN_FIT = Gauge("haven_guardian_fit_ratio", "Whether Sentinel may promote this node: 1 or 0.", registry=GUARDIAN)
GUARDIAN_LAG = Gauge(
    "haven_guardian_lag_seconds",
    "How much older this node's last heartbeat is than the primary's; NaN when unknown.",
    registry=GUARDIAN,
)
GUARDIAN_BEAT = Gauge(
    "haven_guardian_heartbeat_timestamp_seconds",
    "Time of the last heartbeat in this node's data, by its primary.",
    registry=GUARDIAN,
)
GUARDIAN_CONFIGURED = Gauge(
    "haven_guardian_configured_nodes", "Redis servers that there should be, and as many Sentinels.", registry=GUARDIAN
)
GUARDIAN_FIT_REPLICAS = Gauge(
    "haven_guardian_fit_replica_nodes", "Replicas in reach that are linked and may be promoted.", registry=GUARDIAN
)
GUARDIAN_LINKED = Gauge(
    "haven_guardian_linked_replica_nodes",
    "Replicas that are linked to this node's primary; NaN for a replica.",
    registry=GUARDIAN,
)
GUARDIAN_LINK_DOWN = Gauge(
    "haven_guardian_link_down_seconds",
    "How long this node's replica has had no link to a primary: 0 with one; NaN for a primary, or when it is silent.",
    registry=GUARDIAN,
)
GUARDIAN_RESYNCS = Counter(
    "haven_guardian_full_resyncs_total", "Whole copies of the data that this node gave to replicas.", registry=GUARDIAN
)
GUARDIAN_MEMORY = Gauge(
    "haven_guardian_memory_used_bytes",
    "Memory of this node's Redis that counts against its limit; NaN when it is silent, as all that it tells of itself.",
    registry=GUARDIAN,
)
GUARDIAN_MEMORY_LIMIT = Gauge(
    "haven_guardian_memory_limit_bytes", "Memory that this node's Redis may use; 0 for no limit.", registry=GUARDIAN
)
GUARDIAN_REFUSES = Gauge(
    "haven_guardian_writes_refused_ratio",
    "Whether this node is a primary that takes no writes, for want of replicas, memory or a disk, or refused one for "
    "want of memory within half a minute: 1 or 0.",
    registry=GUARDIAN,
)
GUARDIAN_FAILING = Gauge(
    "haven_guardian_persistence_failing_ratio",
    "Whether the last write or copy to this node's disk failed: 1 or 0.",
    registry=GUARDIAN,
)
GUARDIAN_RESTORE_AGE = Gauge(
    "haven_guardian_restore_age_seconds",
    "By how much what a restart would find on this node's disk is older than its data.",
    registry=GUARDIAN,
)
GUARDIAN_TILT = Gauge(
    "haven_guardian_sentinel_tilt_ratio",
    "Whether this node's Sentinel is in TILT, because its clock jumped: 1 or 0; NaN when unknown.",
    registry=GUARDIAN,
)
GUARDIAN_SPINS = Counter(
    "haven_guardian_sentinel_spins_total",
    "Times that this node's Sentinel kept a core busy with nothing, and its connections were renewed or it was ended.",
    registry=GUARDIAN,
)
GUARDIAN_CERTIFICATE = Gauge(
    "haven_guardian_certificate_end_timestamp_seconds",
    "When the certificate ends that this node's redis or sentinel serves; 0 if it is refused or none is served.",
    ["server"],
    registry=GUARDIAN,
)
GUARDIAN_FAILOVERS = Counter("haven_guardian_failovers_total", "Times the named primary changed.", registry=GUARDIAN)
GUARDIAN_LAST_FAILOVER = Gauge(
    "haven_guardian_last_failover_seconds",
    "From the loss of the named primary to another that serves, the last time.",
    registry=GUARDIAN,
)
GUARDIAN_HINTS = Counter(
    "haven_guardian_hints_total",
    "Hints to the Sentinels, by what followed: failover or none.",
    ["followed"],
    registry=GUARDIAN,
)
for _followed in ("failover", "none"):
    GUARDIAN_HINTS.labels(_followed)  # from zero: the first would be no increase otherwise
GUARDIAN_HANDOVERS = Counter(
    "haven_guardian_handovers_total", "Handovers: done, refused, timed_out.", ["result"], registry=GUARDIAN
)
for _result in ("done", "refused", "timed_out"):
    GUARDIAN_HANDOVERS.labels(_result)  # likewise
GUARDIAN_LAST_PAUSE = Gauge(
    "haven_guardian_last_handover_pause_seconds", "How long writes were paused by the last handover.", registry=GUARDIAN
)
GUARDIAN_PROMOTIONS = Counter(
    "haven_guardian_promotions_total",
    "Times this node took the role itself, because nobody else could.",
    registry=GUARDIAN,
)

# Read from Redis when scraped, not counted in a process: see ops/queues.py.
QUEUE_DEPTH = (
    "haven_task_queue_depth_tasks",
    "Tasks waiting, by priority; delayed, held (by limits) and dead as priorities of their own.",
)
QUEUE_AGE = ("haven_task_queue_age_seconds", "Age of the oldest waiting task, by priority.")
QUEUE_RUNNING = ("haven_task_running_tasks", "Tasks handed to a worker and not finished, by priority.")

# Likewise: see ops/drills.py.
DRILL_ENDED = ("haven_drill_last_end_timestamp_seconds", "When each drill ended the last time it was run, by drill.")
DRILL_RESULT = ("haven_drill_last_result_info", "How each drill ended the last time: 1 for the result, by drill.")

# Likewise: see ops/backups.py.
BACKUP_TAKEN = ("haven_backup_last_timestamp_seconds", "The moment of the data in the last backup.")
BACKUP_SIZE = ("haven_backup_last_size_bytes", "Size of the last backup.")


def store_retries() -> dict[str, int]:
    """How often the stores of this process repeated an attempt, by the reason."""
    samples = (sample for metric in STORE_RETRIES.collect() for sample in metric.samples)
    return {each.labels["reason"]: int(each.value) for each in samples if each.name.endswith("_total")}


class _Children(dict[tuple[str, ...], Any]):
    """A metric's labelled children: on hot paths, so they are looked up in a plain dict."""

    def __init__(self, metric: Counter | Histogram) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        child = self[labels] = self._metric.labels(*labels)
        return child


_operations = _Children(STORE_DURATION)
_cache_requests = _Children(CACHE_REQUESTS)
_limits = _Children(LIMIT_DECISIONS)
_enqueued = _Children(TASKS_ENQUEUED)
_waits = _Children(TASK_WAIT)
_durations = _Children(TASK_DURATION)
_outcomes = _Children(TASK_OUTCOMES)


def observe_operation(name: str, seconds: float) -> None:
    """Record one operation of the store, by its command or script."""
    _operations[name.lower(),].observe(seconds)


def limit_decided(scope: str, decision: str) -> None:
    """Record what a limit decided."""
    _limits[scope, decision].inc()


def cache_asked(result: str, times: int = 1) -> None:
    """Record look-ups in the cache."""
    _cache_requests[result,].inc(times)


def task_enqueued(name: str, priority: str) -> None:
    """Record that a task was taken in."""
    _enqueued[name, priority].inc()


def task_began(priority: str, waited: float) -> None:
    """Record that a task began for the first time, after so many seconds."""
    _waits[priority,].observe(max(0.0, waited))


def task_ran(name: str, seconds: float) -> None:
    """Record how long a handler ran."""
    _durations[name,].observe(seconds)


def task_ended(name: str, outcome: str) -> None:
    """Record how an attempt ended."""
    _outcomes[name, outcome].inc()
