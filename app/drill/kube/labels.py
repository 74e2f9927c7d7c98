"""Labels: what marks the release's objects, and what the chart's network policies heed."""

from __future__ import annotations

from typing import Final

PART_OF: Final = "app.kubernetes.io/part-of"
INSTANCE: Final = "app.kubernetes.io/instance"
COMPONENT: Final = "app.kubernetes.io/component"
HAVEN: Final = "haven"
DRILL: Final = "haven-drill"
"""Of a pod that a drill has done something to; no policy of the chart lets anything through to or from it then."""
CLIENTS: Final = "test"
"""The component of the pod that a drill's clients are in: that of `helm test`, as it reaches the same."""
CUT_OFF: Final = "cut-off"
NO_DNS: Final = "no-dns"


def of_release(release: str, component: str = "") -> str:
    """What selects a release's pods."""
    base = f"{PART_OF}={HAVEN},{INSTANCE}={release}"
    return f"{base},{COMPONENT}={component}" if component else base
