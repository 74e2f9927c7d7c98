"""How a value of a session becomes text and comes back as what it was; what can't come back is refused.

JSON, with the additions that Flask's own sessions know: tuples, bytes, UUIDs, moments and markup.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, ClassVar, Final

from flask.json.tag import JSONTag, PassDict, TagDateTime, TaggedJSONSerializer

from app.errors import SessionError


class _Keys(PassDict):
    """A dictionary whose keys are texts: JSON would turn others into texts and not back."""

    __slots__ = ()

    def to_json(self, value: Any) -> Any:
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a dictionary in it has the key {key!r}, which is not a text")
        return super().to_json(value)

    tag = to_json


class _Moment(TagDateTime):
    """A moment to the microsecond, with its offset if it has one; Flask's own keeps seconds."""

    __slots__ = ()

    def to_json(self, value: datetime) -> str:
        return value.isoformat()

    def to_python(self, value: str) -> datetime:
        return datetime.fromisoformat(value)


class _Tags(TaggedJSONSerializer):
    default_tags: ClassVar[list[type[JSONTag]]] = [  # type: ignore[misc]
        {PassDict: _Keys, TagDateTime: _Moment}.get(tag, tag) for tag in TaggedJSONSerializer.default_tags
    ]


_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_tags: Final = _Tags()
_encoder: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_decoder: Final = json.JSONDecoder(object_hook=_tags.untag)


def encode(key: object, value: Any) -> str:
    """A value as text.

    Raises:
        SessionError: it, or its key, can't be kept; names the key.
    """
    if not isinstance(key, str) or _SURROGATE.search(key):
        raise SessionError(f"a session's keys are texts, not {key!r}")
    try:
        return _encoder.encode(_tags.tag(value))
    except (TypeError, ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise SessionError(
            f"session[{key!r}] can't be kept ({reason}): a {type(value).__name__} with what JSON can say, tuples, "
            "bytes, UUIDs and datetimes can"
        ) from error


def decode(text: str) -> Any:
    """The value again."""
    return _decoder.decode(text)
