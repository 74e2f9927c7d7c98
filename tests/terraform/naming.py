"""The module's names and the chart's: snake_case here, camelCase there, but for those listed."""

from __future__ import annotations

import re
from typing import Any

OTHERWISE = {
    "image.pull_secrets": "imagePullSecrets",
    "network_policy.dns_to": "networkPolicy.dns.to",
    "network_policy.database_to": "networkPolicy.database.to",
    "network_policy.database_port": "networkPolicy.database.port",
    "network_policy.external_redis_to": "networkPolicy.externalRedis.to",
    "network_policy.external_redis_ports": "networkPolicy.externalRedis.ports",
    "network_policy.kubernetes_to": "networkPolicy.kubernetes.to",
}


def chart_path(path: str) -> str:
    """Where the chart has an attribute, dotted."""
    camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), path)
    return OTHERWISE.get(path, camel.replace("targetCpu", "targetCPU"))


def chart_value(values: Any, path: str) -> Any:
    """What stands at a path; KeyError where nothing does."""
    for key in path.split("."):
        values = values[key]
    return values


def snake(text: str) -> str:
    """A text of the chart with the module's names in it."""
    return re.sub(
        r"\b[a-z]+(?:[A-Z][a-z]+)+\b", lambda found: re.sub("[A-Z]", lambda each: f"_{each[0].lower()}", found[0]), text
    )
