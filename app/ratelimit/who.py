"""Whose requests are counted together: ``by=who.address``, ``who.user``, ``who.api_key("X-API-Key")`` or your own."""

from __future__ import annotations

import functools
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from flask import g, request, session

from app.errors import StoreError
from app.sessions import USER
from app.store import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = 64
"""Bits of an IPv6 address that its owner does not choose: a household or a server has a /64 for itself at least."""
_IPV6: Final = 128
_LONGEST_ADDRESS: Final = 64
PATIENCE: Final = 0.5


def address() -> str:
    """The client's address as the trusted proxies tell it; of an IPv6 address its /64."""
    return _network(request.remote_addr or "", PREFIX)


def network(prefix: int) -> Callable[[], str]:
    """The client's address, of an IPv6 address the network with so many bits.

    Raises:
        ValueError: there is no such prefix.
    """
    if not 1 <= prefix <= _IPV6:
        raise ValueError(f"prefix={prefix!r}: bits of an IPv6 address, 1 to {_IPV6}")

    def network_of_client() -> str:
        return _network(request.remote_addr or "", prefix)

    return network_of_client


def user() -> str:
    """The user where there is a session, else the address. While Redis is away, the address."""
    found = g.get("user_id")
    if found is None:
        try:
            with deadline(PATIENCE):
                found = session.get(USER)
        except StoreError:
            found = None
    return f"address:{address()}" if found is None else f"user:{found}"


def api_key(header: str) -> Callable[[], str | bytes]:
    """What the client sends in a header, which is kept as a digest; without it, the address.

    Args:
        header: its name. Check the key before the limit does, or every made-up key has a limit of its own.
    """

    def key_of_client() -> str | bytes:
        given = request.headers.get(header)
        return given.encode(errors="surrogatepass") if given else address()

    return key_of_client


def _network(text: str, prefix: int) -> str:
    # a text of any length would stay in memory
    return _known_network(text, prefix) if len(text) <= _LONGEST_ADDRESS else text


@functools.lru_cache(4096)
def _known_network(text: str, prefix: int) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        return text or "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> (_IPV6 - prefix) << (_IPV6 - prefix))}/{prefix}"
