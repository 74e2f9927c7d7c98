import pytest

from app.local.loglines import any_line, redis_line, sentinel_line


def redis(text: str, level: str = "*") -> str:
    return f"6921:S 23 Nov 2026 18:42:18.789 {level} {text}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (redis("MASTER MODE enabled (user request from 'id=12 addr=127.0.0.1:1')"), "is primary now"),
        (redis("REPLICAOF 127.0.0.1:7002 enabled (user request)"), "follows 127.0.0.1:7002 now"),
        (redis("Background saving error", "#"), "Background saving error"),
        ("*** FATAL CONFIG FILE ERROR (Redis 8.2.3) ***", "*** FATAL CONFIG FILE ERROR (Redis 8.2.3) ***"),
        (redis("WARNING Memory overcommit must be enabled!", "#"), None),
        (redis("Background AOF rewrite finished successfully"), None),
        ("6960:signal-handler (1795459340) Received SIGTERM scheduling shutdown...", None),
        ("", None),
    ],
)
def test_redis(line: str, shown: str | None) -> None:
    assert redis_line(line) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+switch-master haven 127.0.0.1 7001 127.0.0.1 7003", "primary is 127.0.0.1:7003 now (was 127.0.0.1:7001)"),
        ("+sdown master haven 127.0.0.1 7001", "primary 127.0.0.1:7001 does not answer"),
        ("+odown master haven 127.0.0.1 7001 #quorum 3/2", "primary 127.0.0.1:7001 is down, say 3/2 Sentinels"),
        ("-failover-abort-no-good-slave master haven 1 2", "gives up this failover (-failover-abort-no-good-slave)"),
        ("+slave slave 127.0.0.1:7001 127.0.0.1 7001 @ haven 127.0.0.1 7003", None),
        ("Sentinel ID is 0123", None),
        ("Sentinel is now ready to exit, bye bye...", None),
        ("Could not save its configuration", "Could not save its configuration"),
    ],
)
def test_sentinel(text: str, shown: str | None) -> None:
    assert sentinel_line(f"6938:X 23 Nov 2026 18:42:17.964 # {text}") == shown


def test_the_logs_of_our_own_parts_are_shown_whole() -> None:
    assert any_line("  indented") == "  indented"
    assert any_line(" ") is None
