"""Haven: Flask on Redis with high availability."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config
    from app.serving import Role


def create_app(config: Config | None = None, role: Role = "web") -> Flask:
    """Make the web application. Nothing is connected yet: that happens at first use.

    Args:
        config: the settings; by default those of the environment.
        role: what this process is.

    Raises:
        ConfigError: the environment's settings can't be used.
    """
    # Every process of Haven imports this package, and most of them serve no requests: Flask is loaded by those that do.
    from flask import Flask  # noqa: PLC0415
    from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: PLC0415

    from app import api  # noqa: PLC0415
    from app.config import load_config  # noqa: PLC0415
    from app.events import Hub  # noqa: PLC0415
    from app.example import views  # noqa: PLC0415
    from app.ops import console, health, metrics_http  # noqa: PLC0415
    from app.runtime import build_runtime  # noqa: PLC0415
    from app.serving import serving  # noqa: PLC0415
    from app.sessions import WebSessions  # noqa: PLC0415
    from app.sessions.cookie import cookie_name  # noqa: PLC0415

    config = config or load_config()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        TESTING=config.testing,
        PROPAGATE_EXCEPTIONS=False,  # every error is answered by a problem document, in tests too
        SECRET_KEY=config.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=config.haven_max_body,
        SECRET_KEY_FALLBACKS=list(config.former_secret_keys),
        SESSION_COOKIE_NAME=cookie_name("haven_session", secure=config.haven_cookie_secure),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.haven_cookie_secure,
    )
    if config.haven_trusted_proxies:
        trusted = config.haven_trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted)  # type: ignore[method-assign]
    runtime = build_runtime(config, role=role)
    app.extensions["haven"] = runtime
    app.extensions["haven.hub"] = Hub(
        runtime.store,
        serving(config, role).streams,
        runtime.sessions.alive,
        runtime.presence,
    )
    app.session_interface = WebSessions(app, runtime.sessions)
    health.register(app)
    metrics_http.register(app)
    api.register(app, views.BLUEPRINTS)
    if role == "web":
        console.register(app, runtime)  # after the API: it is no part of its documentation
    return app
