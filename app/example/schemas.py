"""What the example's API takes, field by field."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from app.api.schemas import MAX_INT32, MAX_TEXT, Body, Line, Query, RowId, Storable, Text


class ProductChange(Body):
    """The new content of a product, as a whole."""

    name: Line
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT), Storable] = ""
    price_cents: Annotated[int, Field(ge=0, le=MAX_INT32)]
    stock: Annotated[int, Field(ge=0, le=MAX_INT32)]


class NewMessage(Body):
    """A message to send."""

    receiver_id: RowId
    body: Text


class NewReport(Body):
    """A report to make."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = "activity"


class ReportHeaders(BaseModel):
    """Headers of a request for a report."""

    idempotency_key: Annotated[
        str | None,
        Field(
            alias="Idempotency-Key",
            pattern=r"^[A-Za-z0-9._-]{1,64}$",
            description="Chosen by the client; the same key again answers with the same task.",
        ),
    ] = None


class Search(Query):
    """What to look for."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    limit: Annotated[int, Field(ge=1, le=50)] = 10
