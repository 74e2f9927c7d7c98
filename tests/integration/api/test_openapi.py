import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

EXEMPT = {"pages.static"}

# What is tested here is the same on every database.
pytestmark = pytest.mark.parametrize("seeded_url", ["sqlite"], indirect=True)


def _operations(app: Flask) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in EXEMPT or rule.endpoint.startswith("ops."):  # the operations page is no API
            continue
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
        found += [(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return found


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _references(value)]
    return [ref for item in node for ref in _references(item)] if isinstance(node, list) else []


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/docs/openapi.json").get_json()
    return found


def test_every_route_is_documented(app: Flask, document: dict[str, Any]) -> None:
    operations = _operations(app)
    assert len(operations) >= 25
    for path, method in operations:
        operation = document["paths"].get(path, {}).get(method)
        assert operation, f"{method} {path} is not in the OpenAPI document"
        assert operation["summary"], f"{method} {path} has no docstring"
        assert not operation["summary"].endswith(f"<{method.upper()}>"), f"{method} {path} has no docstring"
        if path.startswith("/api/"):
            assert operation["tags"], f"{method} {path} is not documented"
            assert operation["responses"], f"{method} {path} names no answer"


def test_nothing_is_documented_that_is_not_there(app: Flask, document: dict[str, Any]) -> None:
    documented = {(path, method) for path, item in document["paths"].items() for method in item}
    assert documented == set(_operations(app))


def test_errors_are_problem_documents(document: dict[str, Any]) -> None:
    seen = 0
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    seen += 1
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert seen > 50


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = {reference.removeprefix("#/components/schemas/") for reference in _references(document)}
    assert names <= set(schemas)
    assert all("$defs" not in schema for schema in schemas.values())


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_what_needs_a_session_says_so(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/protected"]["get"]["security"] == [{"session": []}, {"cookie": []}]
    assert {"session", "cookie"} == set(document["components"]["securitySchemes"])
    assert "security" not in document["paths"]["/api/login"]["post"]


def test_ids_are_64_bit_numbers(document: dict[str, Any]) -> None:
    (parameter,) = document["paths"]["/api/products/{product_id}"]["get"]["parameters"]
    assert parameter["schema"] == {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}


def test_the_page_shows_every_operation_and_schema(client: FlaskClient, document: dict[str, Any]) -> None:
    page = client.get("/docs").text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
