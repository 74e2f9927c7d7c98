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
        self.told: list[dict[str, Any]] = []
        self._text = ""

    def frames(self) -> Iterator[dict[str, str]]:
        """Every frame, as it comes; ends with the stream."""
        while True:
            while "\n\n" not in self._text:
                try:
                    self._text += next(self.chunks).decode()
                except StopIteration:
                    return
            frame, _, self._text = self._text.partition("\n\n")
            lines = [line.partition(": ") for line in frame.split("\n")]
            fields = {name: value for name, _, value in lines if name}
            self.last = fields.get("id", self.last)
            yield fields

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event; what tells of the stream itself is kept in ``told``."""
        for fields in self.frames():
            if "data" in fields:
                event = {**fields, "data": json.loads(fields["data"])}
                if fields["event"].startswith("haven."):
                    self.told.append(event)
                else:
                    yield event

    def begin(self) -> str:
        """The place that is told before the first event."""
        return next(self.frames())["id"]

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
