import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.api.schemas import Credentials, Page, UserChange
from app.example.schemas import NewMessage, ReportHeaders, Search


@pytest.mark.parametrize("address", ["ada@example.com", "a.b+c@sub.example.org", "ünï@exämple.com", "a@b.c"])
def test_an_address_is_taken_in_lower_case(address: str) -> None:
    assert Credentials(email=f"  {address.upper()} ", password="x").email == address.upper().lower()


@pytest.mark.parametrize(
    "address", ["", "ada", "@example.com", "ada@", "ada@example", "a b@example.com", "a@b@c.com", "a@.", "a\x00@b.com"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        Credentials(email=address, password="x")


def test_a_password_is_taken_as_it_is_and_bounded() -> None:
    assert Credentials(email="a@b.cd", password=" x ").password == " x "
    with pytest.raises(ValidationError):
        Credentials(email="a@b.cd", password="x" * 1025)


@given(st.text(max_size=6000))
def test_a_text_that_is_taken_can_be_stored_in_either_database(text: str) -> None:
    try:
        body = NewMessage(receiver_id=1, body=text).body
    except ValidationError:
        return
    assert 1 <= len(body) <= 5000
    assert "\x00" not in body
    body.encode()


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none())
def test_a_receiver_is_a_64_bit_id_or_refused(value: object) -> None:
    try:
        receiver = NewMessage.model_validate({"receiver_id": value, "body": "x"}).receiver_id
    except ValidationError:
        return
    assert type(value) is int
    assert 1 <= receiver < 2**63


def test_unknown_fields_are_refused_in_bodies_and_ignored_in_links() -> None:
    with pytest.raises(ValidationError, match="admin"):
        UserChange.model_validate({"name": "Ada", "email": "a@b.cd", "admin": True})
    assert Page.model_validate({"page": "3", "utm_source": "x"}).offset == 40


def test_a_search_is_trimmed() -> None:
    assert Search(q="  rope ").q == "rope"


def test_a_key_ends_where_it_ends() -> None:
    with pytest.raises(ValidationError):
        ReportHeaders.model_validate({"Idempotency-Key": "key\n"})
