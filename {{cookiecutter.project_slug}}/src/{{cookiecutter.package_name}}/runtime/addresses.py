"""Whose request it is, when proxies stand in between."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_UNKNOWN = "unknown"
_LONGEST = 64  # of an address with a port; anything longer is not one


def client_address(peer: str | None, forwarded_for: str | None, trusted_hops: int) -> str:
    """The address of the client as the outermost trusted proxy saw it.

    Each proxy appends the address it was called from, so what the client itself wrote stands on the
    left: the `trusted_hops`-th address from the right is the last one that a trusted proxy vouches
    for, and nothing beyond it is looked at.

    :param peer: the other end of the connection; ``None`` on a Unix socket.
    :param forwarded_for: ``X-Forwarded-For``, several header lines joined by commas.
    :param trusted_hops: how many proxies of ours each request passes.
    :returns: an IP address in its shortest form. What is not an address counts as the peer;
        ``unknown`` if there is none either.
    """
    own = _address(peer) or peer or _UNKNOWN
    if trusted_hops < 1 or not forwarded_for:
        return own
    return _address(forwarded(forwarded_for, trusted_hops)) or own


def forwarded(values: str, trusted_hops: int) -> str:
    """The entry that the outermost trusted proxy wrote into an ``X-Forwarded-…`` header."""
    return values.rsplit(",", trusted_hops)[-trusted_hops:][0].strip()


@lru_cache(maxsize=1024)
def _address(text: str | None) -> str | None:
    """`text` without a port, an IPv4 address in IPv6 notation as IPv4; ``None`` if it is none."""
    if not text or len(text) > _LONGEST:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)
