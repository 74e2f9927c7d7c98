"""What docs/sessions.md takes for granted."""

from types import SimpleNamespace

import flask_session
from flask import g, session

from app.runtime import runtime
from app.sessions.flask_session import client_for_flask_session

user = SimpleNamespace(id=7)
g.user_id = user.id
session["cart"] = []
name = "unknown"
ids = ["unknown"]
store = runtime().store
