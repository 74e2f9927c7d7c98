"""A client of an event stream."""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


class Listening:
    """A client of a stream: what it heard, in order."""

    def __init__(self, app: Flask, channels: str, last: str | None) -> None:
        headers = {"Last-Event-ID": last} if last is not None else {}
        self.answer = app.test_client().get("/stream", query_string={"channels": channels}, headers=headers)
        self.chunks = self.answer.iter_encoded()
        self.last = last

    def events(self) -> Iterator[dict[str, Any]]:
        """Everything that has data, as it comes; ends with the stream."""
        for chunk in self.chunks:
            lines = [line.partition(": ") for line in chunk.decode().split("\n")]
            fields = {name: value for name, _, value in lines if name}
            self.last = fields.get("id", self.last)
            if "data" in fields:
                yield {**fields, "data": json.loads(fields["data"])}

    def begin(self) -> str:
        """The place that is told before the first event."""
        first = next(chunk for chunk in self.chunks if chunk).decode()
        self.last = first.partition("id: ")[2].strip()
        return self.last

    def take(self, count: int) -> list[int]:
        """The numbers of the next so many events; fewer when the stream ends, as it does for one that fell behind."""
        return [event["data"]["n"] for event in itertools.islice(self.events(), count)]


@contextmanager
def listening(app: Flask, channels: str = "a", last: str | None = None) -> Iterator[Listening]:
    """Listen, and go away at the end."""
    client = Listening(app, channels, last)
    try:
        yield client
    finally:
        client.answer.close()
