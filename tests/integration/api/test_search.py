from flask.testing import FlaskClient

from tests.integration.api.people import Person, assert_problem


def test_products_and_posts_are_found_in_any_case(client: FlaskClient) -> None:
    found = client.get("/api/search?q=LANTERN").get_json()
    assert [item["name"].partition(",")[0] for item in found["products"]] == ["Lantern"] * 4
    assert client.get("/api/search?q=quorum&limit=3").get_json()["posts"][0]["title"] == "What a quorum is for"
    assert len(client.get("/api/search?q=quorum&limit=3").get_json()["posts"]) == 3


def test_wildcards_and_oddities_are_plain_text(client: FlaskClient) -> None:
    for text in ("%25", "_", "'; DROP TABLE users; --", "\\", "🦀", "%ED%A0%80", "%FF"):
        response = client.get(f"/api/search?q={text}")
        assert response.status_code == 200, text
        assert response.get_json() == {"products": [], "posts": []}


def test_an_impossible_text_is_named(client: FlaskClient) -> None:
    for query in ("", "q=", "q=%20", "q=a%00b", f"q={'x' * 101}", "q=a&q=b"):
        document = assert_problem(client.get(f"/api/search?{query}"), 422)
        assert document["errors"][0]["field"] == "q"


def test_searches_are_limited_per_user_or_address(client: FlaskClient, ada: Person) -> None:
    answers = [client.get("/api/search?q=rope").status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]
    limited = client.get("/api/search?q=rope")
    assert_problem(limited, 429)
    assert int(limited.headers["Retry-After"]) >= 1
    assert ada.ask("GET", "/api/search?q=rope").status_code == 200
    anonymous = client.get("/api/search?q=rope", headers={"X-Session-ID": "made-up"})
    assert anonymous.status_code == 429
