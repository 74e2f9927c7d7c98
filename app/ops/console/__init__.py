"""The operations page at /ops: what an on-call engineer sees and does, through a failover too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint

from app.ops.console import access, actions, page, stream
from app.ops.console.timeline import utc
from app.ops.console.watch import Watch
from app.serving import serving

if TYPE_CHECKING:
    from flask import Flask

    from app.runtime import Runtime

STREAMS: Final = 4
"""Streams at once in each web process, if that leaves threads for requests: others ask every second."""


def register(app: Flask, runtime: Runtime) -> None:
    """Add the page to an application. Nothing is watched until somebody looks."""
    blueprint = Blueprint(
        "ops",
        __name__,
        url_prefix="/ops",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    access.register(blueprint)
    blueprint.add_app_template_filter(utc)
    for rule, name, view in (
        ("/", "overview", page.overview),
        ("/parts.json", "parts", page.parts),
        ("/state.json", "state", stream.state),
        ("/stream", "stream", stream.stream),
        ("/drills/<record_id>", "drill", page.drill),
        ("/drills/<record_id>/report", "drill_report", page.drill_report),
    ):
        blueprint.add_url_rule(rule, name, view, methods=["GET"], strict_slashes=False)
    for rule, name, action in (
        ("/tasks/replay", "replay", actions.replay),
        ("/tasks/replay-all", "replay_all", actions.replay_all),
        ("/sessions/revoke", "revoke", actions.revoke),
        ("/sessions/revoke-all", "revoke_all", actions.revoke_all),
        ("/drills", "start_drill", actions.start_drill),
    ):
        blueprint.add_url_rule(rule, name, action, methods=["POST"])
    served = serving(runtime.config, "web")
    app.extensions["haven.console"] = Watch(runtime.store, min(STREAMS, (served.threads - served.streams) // 2))
    app.register_blueprint(blueprint)
