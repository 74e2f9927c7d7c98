"""Answers that a client may keep and ask about again: ``ETag``, ``If-None-Match``, 304."""

import hashlib

from flask import Response, request


def conditional(response: Response, version: str | None = None) -> Response:
    """Name an answer's state, and leave out its body when the client has that already.

    For what everybody may read. It may be kept, and is asked about each time it is used (``no-cache``). What belongs to
    a user stays ``no-store``: a browser that keeps it shows it to the next user of that browser.

    Args:
        response: to a GET, in full.
        version: changes with every change of the answer; None: a digest of its body.
    """
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(version or hashlib.blake2b(response.get_data(), digest_size=12).hexdigest())
    response.make_conditional(request)
    return response
