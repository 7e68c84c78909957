"""What the query of a request for a connection asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

LONGEST_KEPT = 256
"""Characters of a query that is remembered: what strangers send may not fill memory."""


class Asked(NamedTuple):
    """``None`` where it is not said, or more than once.

    :param version: of Engine.IO's protocol.
    :param sid: of the session that is to be upgraded; the first one.
    """

    transport: str | None
    version: str | None
    sid: str | None


def asked_by(query: str) -> Asked:
    """Take a query apart."""
    return _known(query) if len(query) <= LONGEST_KEPT else _take_apart(query)


def _take_apart(query: str) -> Asked:
    values = parse_qs(query)
    transport, version, sid = (values.get(name, []) for name in ("transport", "EIO", "sid"))
    return Asked(_only(transport), _only(version), sid[0] if sid else None)


_known = lru_cache(maxsize=64)(_take_apart)  # nearly all clients send the same one


def _only(values: list[str]) -> str | None:
    return values[0] if len(values) == 1 else None
