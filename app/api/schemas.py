"""What the API takes, field by field."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.db.models import MAX_ID

MAX_INT32 = 2**31 - 1
MAX_TEXT = 5_000  # an event carries it whole: at most 64 KiB, of which an escaped character can take 12 bytes


def _storable(text: str) -> str:
    if "\x00" in text:  # PostgreSQL keeps no NUL in a text
        raise PydanticCustomError("nul", "must not contain NUL characters")
    return text


def _address(text: str) -> str:
    local, at, domain = text.partition("@")
    if not (local and at and "." in domain.strip(".")) or "@" in domain or any(map(str.isspace, text)):
        raise PydanticCustomError("email", "must be an e-mail address such as ada@example.com")
    return text.lower()


Storable = AfterValidator(_storable)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), Storable]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254), Storable, AfterValidator(_address)
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024), Storable]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class Body(BaseModel):
    """A JSON object that a client sends: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Query(BaseModel):
    """Parameters after the question mark; unknown ones are ignored, as links carry all sorts of them."""

    model_config = ConfigDict(frozen=True)


class Credentials(Body):
    """Who wants to log in."""

    email: Email
    password: Password


class UserChange(Body):
    """The new content of a user, as a whole."""

    name: Name
    email: Email


class Page(Query):
    """Which part of a list."""

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20

    @property
    def offset(self) -> int:
        """How many entries come before this page."""
        return (self.page - 1) * self.per_page
