"""How a client's side of TLS is set up, the same for the application and the guardian."""

from __future__ import annotations

import ssl


def client_context(ca: str | None = None, cert: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """A context that verifies the server's certificate and its name.

    Make it anew for each connection: so renewed files are taken without a restart.

    Args:
        ca: file with the only authorities that are believed; the system's if empty.
        cert: file with the client's certificate; empty for none.
        key: file with its key.

    Raises:
        OSError: a file can't be read, or is not what it should be (``ssl.SSLError``).
    """
    context = ssl.create_default_context(cafile=ca or None)
    if cert:
        context.load_cert_chain(cert, key)
    return context
