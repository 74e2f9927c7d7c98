"""What a check of the application is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.db import Database
    from app.smoke.client import Client


@dataclass(frozen=True, slots=True)
class Subject:
    """An installation, and a user who is signed in there.

    Attributes:
        db: its database.
        web: the user's requests.
        events: the same, where event streams are served.
        user_id: whose; removed at the end, with all that belongs to them.
    """

    db: Database
    web: Client
    events: Client
    user_id: int
