"""A browser without a screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.db.seed import PASSWORD

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

HTML = {"Accept": "text/html"}
OPERATOR, OTHER = "ada@example.com", "grace@example.com"
OPEN = {"ops.static", "ops.sign_in_form", "ops.sign_in", "ops.sign_out"}


class Browser:
    """One visitor."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, headers=HTML, **options)

    def post(self, path: str, page: str = "/ops/", **form: str) -> TestResponse:
        """Send a form of a page, with its token."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        return self.client.post(path, data={"csrf_token": token[1] if token else "", **form}, headers=HTML)

    def sign_in(self, email: str, page: str = "/ops/login", password: str = PASSWORD) -> TestResponse:
        return self.post(page, page, email=email, password=password)

    def forget(self, *cookies: str) -> None:
        for name in cookies:
            self.client.delete_cookie(name)


def guarded(app: Flask) -> list[tuple[str, str]]:
    """Every address and method of the operations page that is not open to all."""
    return [
        (method, re.sub(r"<[^>]+>", "x", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("ops.") and rule.endpoint not in OPEN
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    ]
