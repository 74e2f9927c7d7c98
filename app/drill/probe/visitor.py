"""Requests of a user who is signed in, and that user's event stream."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from app.errors import SmokeError
from app.smoke.client import Client

if TYPE_CHECKING:
    import http.client
    from collections.abc import Sequence

    from app.drill.probe.track import Track
    from app.events import Publisher

KIND: Final = "drill.mark"
_AGAIN: Final = 0.2


class Visitor:
    """Sends requests, in turn to each path.

    Args:
        url: of the web application.
        session_id: whose.
        paths: what is asked for.
    """

    def __init__(self, url: str, session_id: str, paths: Sequence[str]) -> None:
        self._client = Client(url)
        self._client.session_id = session_id
        self._paths = paths

    def do(self, number: int) -> None:
        """Send one.

        Raises:
            SmokeError: it was not answered, or not with success.
        """
        with self._client.open("GET", self._paths[number % len(self._paths)]) as answer:
            answer.read()


class Events:
    """Publishes numbered events to a user, and hears them come down that user's stream.

    Args:
        publisher: publishes them.
        user_id: to whom.
    """

    def __init__(self, publisher: Publisher, user_id: int) -> None:
        self._publisher = publisher
        self._user_id = user_id
        self.acknowledged: list[int] = []

    def do(self, number: int) -> None:
        """Publish one.

        Raises:
            StoreError: it was not acknowledged.
        """
        self._publisher.to_user(self._user_id, KIND, {"number": number})
        self.acknowledged.append(number)


class Listener:
    """Hears the events, and comes back with its place when the stream ends.

    Args:
        url: where streams are served.
        session_id: whose.
        track: told of each event; a stream that could not be had counts as an error.
    """

    def __init__(self, url: str, session_id: str, track: Track) -> None:
        self._client = Client(url)
        self._client.session_id = session_id
        self._track = track
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="haven-drill-stream", daemon=True)
        self.heard: list[int] = []
        self.place = ""

    def start(self, patience: float) -> bool:
        """Begin; whether the stream was open before the patience was over."""
        self._thread.start()
        end = time.monotonic() + patience
        while not self.place and time.monotonic() < end:  # the first thing that comes is where the stream stands
            time.sleep(0.02)
        return bool(self.place)

    def stop(self) -> None:
        """End at the next event or silence; the thread is a daemon and is not waited for."""
        self._stopped.set()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                # an empty place would mean: from now on
                headers = {"Last_Event_ID": self.place} if self.place else {}
                with self._client.open("GET", "/api/events", **headers) as stream:
                    self._read(stream)
            except (SmokeError, OSError, ValueError) as error:
                self._track.badly(time.monotonic() - began, f"stream: {error}")
            self._stopped.wait(_AGAIN)

    def _read(self, stream: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        for line in stream:
            if self._stopped.is_set():
                return
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                fields[name] = value
                continue
            self._take(fields)
            fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        self.place = fields.get("id", self.place)
        if fields.get("event") == KIND:
            data: Any = json.loads(fields["data"])
            self.heard.append(int(data["number"]))
            self._track.well()


def disorder(heard: Sequence[int]) -> int:
    """How many came twice or after a later one."""
    wrong, highest = 0, -1
    for number in heard:
        wrong += number <= highest
        highest = max(highest, number)
    return wrong
