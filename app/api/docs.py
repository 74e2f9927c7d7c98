"""The API's documentation: the OpenAPI document, and a page that shows it without scripts or third parties."""

from typing import Any

from flask import Blueprint, Response, current_app, json, render_template

from app.api.openapi import documented

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs/openapi.json")
@documented("pages")
def openapi_document() -> Response:
    """Get the OpenAPI 3.1 document, for generators and clients."""
    return Response(json.dumps(_document()), mimetype="application/json")


@blueprint.get("/docs")
@documented("pages")
def documentation() -> Response:
    """Read the documentation of the API."""
    document = _document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            entry = {"method": method.upper(), "path": path, **operation}
            groups.setdefault((operation["tags"] or ["operation"])[0], []).append(entry)
    page = render_template("docs.html", groups=groups, schemas=document["components"]["schemas"])
    return Response(page, mimetype="text/html")


def _document() -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions["openapi"]
    return document
