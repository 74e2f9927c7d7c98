"""What the API gives, field by field."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    """Something the API answers, read from a row or given field by field."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Start(Out):
    """Where to go from here."""

    name: str
    links: dict[str, str]


class UserOut(Out):
    """A user as others see them."""

    id: int
    name: str
    created_at: datetime


class AccountOut(UserOut):
    """A user as they see themselves."""

    email: str


class LoginOut(Out):
    """A session that was made."""

    session_id: str
    user: AccountOut


class LoggedOut(Out):
    """How many sessions ended."""

    ended: int


class SessionOut(Out):
    """Where one is logged in. The id is a name: it opens nothing."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    device: str
    address: str
    current: bool


class SessionList(Out):
    """Where one is logged in, everywhere."""

    items: list[SessionOut]


class WhoAmI(Out):
    """Whose session it is."""

    user_id: int


class PresenceOut(Out):
    """Whether a user is connected."""

    user_id: int
    online: bool
    last_seen: float | None


class TaskRef(Out):
    """A task that was taken on."""

    task_id: str


class TaskOut(Out):
    """How far a task is."""

    id: str
    name: str
    status: Literal["queued", "running", "delayed", "retrying", "held", "done", "dead", "cancelled", "expired"]
    attempts: int
    result: Any = None
    error: str | None = None


class Paged(Out):
    """A part of a list."""

    page: int
    per_page: int
    total: int


class FieldProblem(Out):
    """What is wrong with one field."""

    field: str
    message: str
    value: str | int | bool | None = None


class Problem(Out):
    """An error as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str
    request_id: str
    errors: list[FieldProblem] | None = None
    violated_policies: list[str] | None = Field(None, alias="violated-policies")
