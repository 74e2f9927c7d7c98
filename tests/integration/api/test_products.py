import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.example.models import Product
from tests.integration.api.people import Person, assert_problem

CHANGE = {"name": "Lamp", "description": "Bright.", "price_cents": 5, "stock": 0}
WRONG: list[tuple[str, object]] = [
    ("name", ""),
    ("name", "x" * 201),
    ("name", "a\x00b"),
    ("name", "\ud800"),
    ("name", None),
    ("name", 5),
    ("description", "x" * 5001),
    ("price_cents", -1),
    ("price_cents", 2**31),
    ("price_cents", 10**300),
    ("price_cents", 1.5),
    ("price_cents", "5"),
    ("price_cents", True),
    ("stock", -1),
    ("unknown", 1),
]


def test_a_product_is_read(client: FlaskClient) -> None:
    response = client.get("/api/products/1")
    assert response.status_code == 200
    assert response.get_json()["name"] == "Lantern, brass"
    assert response.get_json()["version"] == 1


def test_a_product_is_read_from_the_cache_until_it_is_changed(app: Flask, client: FlaskClient, ada: Person) -> None:
    before = client.get("/api/products/1").get_json()
    with app.extensions["haven"].db.session() as session:
        session.get_one(Product, 1).stock = 777  # behind the cache's back
    assert client.get("/api/products/1").get_json() == before

    changed = ada.ask("PUT", "/api/products/1", json=CHANGE)

    assert changed.status_code == 200
    assert client.get("/api/products/1").get_json() == changed.get_json()
    assert changed.get_json() | CHANGE == changed.get_json()


def test_all_products_can_be_dropped_from_the_cache(app: Flask, client: FlaskClient) -> None:
    client.get("/api/products/1")
    with app.extensions["haven"].db.session() as session:
        session.get_one(Product, 1).stock = 777
    app.extensions["haven"].cache.invalidate_by_tag("products")
    assert client.get("/api/products/1").get_json()["stock"] == 777


READS = ["/api/products/1", "/api/products", "/api/products?page=2&per_page=2", "/api/users/1", "/api/users/1/posts"]


@pytest.mark.parametrize("path", READS)
def test_a_known_version_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    other = client.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.data) == (200, first.data)


def test_a_list_has_another_version_after_a_change(client: FlaskClient, ada: Person) -> None:
    etag = client.get("/api/products").headers["ETag"]
    assert client.get("/api/products").headers["ETag"] == etag
    ada.ask("PUT", "/api/products/1", json=CHANGE)
    assert client.get("/api/products", headers={"If-None-Match": etag}).status_code == 200


def test_a_change_over_someone_elses_is_refused_on_demand(ada: Person, grace: Person) -> None:
    etag = ada.ask("GET", "/api/products/1").headers["ETag"]
    assert grace.ask("PUT", "/api/products/1", json=CHANGE).status_code == 200
    late = ada.ask("PUT", "/api/products/1", json=CHANGE | {"stock": 9}, headers={"If-Match": etag})
    assert_problem(late, 412)
    etag = ada.ask("GET", "/api/products/1").headers["ETag"]
    fresh = ada.ask("PUT", "/api/products/1", json=CHANGE | {"stock": 9}, headers={"If-Match": etag})
    assert (fresh.status_code, fresh.get_json()["stock"]) == (200, 9)


@pytest.mark.parametrize("tags", ["*", '"nonsense", "1"', '"1", "99999999999999999999"'])
def test_a_change_may_name_several_versions_or_any(ada: Person, tags: str) -> None:
    assert ada.ask("PUT", "/api/products/1", json=CHANGE, headers={"If-Match": tags}).status_code == 200


@pytest.mark.parametrize("tags", ['W/"1"', '"99999999999999999999"', '"nonsense"'])
def test_what_is_no_version_of_it_is_refused(ada: Person, tags: str) -> None:
    assert_problem(ada.ask("PUT", "/api/products/1", json=CHANGE, headers={"If-Match": tags}), 412)


def test_only_users_change_products(client: FlaskClient) -> None:
    assert_problem(client.put("/api/products/1", json=CHANGE), 401)


def test_a_wrong_field_is_named(ada: Person) -> None:
    for field, value in WRONG:
        document = assert_problem(ada.ask("PUT", "/api/products/1", json=CHANGE | {field: value}), 422)
        assert [error["field"] for error in document["errors"]] == [field]
        assert field in document["detail"]


def test_unicode_is_kept(ada: Person) -> None:
    name = "Ünïcödé 灯 🏮"
    assert ada.ask("PUT", "/api/products/1", json=CHANGE | {"name": name}).get_json()["name"] == name
    assert ada.ask("GET", "/api/products/1").get_json()["name"] == name


def test_an_unknown_product_is_not_found(client: FlaskClient, ada: Person) -> None:
    assert_problem(client.get("/api/products/999"), 404)
    assert_problem(ada.ask("PUT", "/api/products/999", json=CHANGE), 404)


def test_products_are_listed_by_pages(client: FlaskClient) -> None:
    first = client.get("/api/products?per_page=15").get_json()
    second = client.get("/api/products?per_page=15&page=2").get_json()
    ids = [item["id"] for page in (first, second) for item in page["items"]]
    assert ids == sorted(set(ids))
    assert (len(ids), first["total"]) == (20, 20)
    assert client.get("/api/products?page=10000&per_page=100").get_json()["items"] == []


def test_pages_are_bounded(client: FlaskClient) -> None:
    for query in (
        "page=0",
        "page=10001",
        "per_page=0",
        "per_page=101",
        "page=x",
        "page=1&page=2",
        "page=" + "9" * 5000,
    ):
        document = assert_problem(client.get(f"/api/products?{query}"), 422)
        assert document["errors"][0]["field"] == query.partition("=")[0]


def test_changes_at_the_same_moment_follow_each_other(app: Flask, ada: Person) -> None:
    before = ada.ask("GET", "/api/products/1").get_json()["version"]
    start = threading.Barrier(8)
    statuses: list[int] = []

    def change(number: int) -> None:
        start.wait()
        own = Person(ada.id, ada.session_id, app.test_client())
        statuses.append(own.ask("PUT", "/api/products/1", json={**CHANGE, "stock": number}).status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    assert ada.ask("GET", "/api/products/1").get_json()["version"] == before + 8
