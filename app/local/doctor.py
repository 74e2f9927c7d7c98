"""`haven doctor`: what is wrong and what to do about it."""

import json
import resource
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.config import Config
from app.db.database import parse_url
from app.db.migrate import current_revision, newest_revision
from app.errors import ConfigError
from app.local.checks import Check, Level, judge
from app.local.probe import gather
from app.local.target import find_target
from app.local.terminal import Terminal

_LOW_DISK: Final = 512 << 20
_NO_DISK: Final = 64 << 20
_FILES: Final = 1_024
_MIB: Final = 1 << 20


def diagnose(data: Path, terminal: Terminal, *, as_json: bool) -> int:
    """Run every check and write a line for each; return the exit code: 1 if one failed."""
    found = list(_all(data))
    failures = sum(check.level == "fail" for check in found)
    if as_json:
        terminal.line(json.dumps({"failures": failures, "checks": [asdict(check) for check in found]}, indent=2))
        return 1 if failures else 0
    width = max(len(check.name) for check in found)
    for check in found:
        terminal.check(check.level, f"{check.name:<{width}}  {check.text}")
        if check.level != "ok" and check.remedy:
            terminal.line(f"{'':<{width + 8}}-> {check.remedy}")
    warnings = sum(check.level == "warn" for check in found)
    terminal.line(terminal.heading(f"{len(found)} checks: {failures} failed, {warnings} warnings"))
    return 1 if failures else 0


def _all(data: Path) -> Iterator[Check]:
    try:
        target = find_target(data)
    except ConfigError as error:
        for problem in error.problems:
            yield Check("configuration", "fail", problem, "set it in the environment")
    else:
        looked_at = f"the stack on {data}" if target.stack else "the environment (no stack runs here)"
        yield Check("configuration", "ok", looked_at)
        for caution in target.config.cautions():
            yield Check("configuration", "warn", caution)
        yield from judge(gather(target))
        yield _database(target.config)
    yield disk(data)
    yield files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _database(config: Config) -> Check:
    url = config.database_url.get_secret_value()
    try:
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
            return Check("database", "fail", f"{parsed.database} does not exist", "haven migrate")
        has = current_revision(url)
    except (ConfigError, SQLAlchemyError) as error:
        text = str(error.__cause__ or error).splitlines()[0]
        return Check("database", "fail", f"not reachable: {text}", "correct DATABASE_URL, or start the database")
    wants = newest_revision()
    if has == wants:
        return Check("database", "ok", f"at revision {has}, the newest")
    return Check("database", "fail", f"at revision {has or 'none'}, the program wants {wants}", "haven migrate")


def disk(data: Path) -> Check:
    """Check the free space where the data lies, or will lie."""
    place = data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level: Level = "fail" if free < _NO_DISK else "warn" if free < _LOW_DISK else "ok"
    return Check("disk", level, f"{free // _MIB} MiB free at {place}", "free some space: Redis can't save without it")


def files(limit: int) -> Check:
    """Check how many files and connections a process may have open."""
    if limit == resource.RLIM_INFINITY or limit >= _FILES:
        return Check("open files", "ok", "unlimited" if limit == resource.RLIM_INFINITY else str(limit))
    return Check("open files", "warn", f"{limit} at most per process", f"ulimit -n {_FILES * 4}")
