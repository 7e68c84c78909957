"""What the query of a request for a connection asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs


class Asked(NamedTuple):
    """`None` where it is not said, or more than once.

    :param version: of Engine.IO's protocol.
    :param sid: of the session that is to be upgraded.
    """

    transport: str | None
    version: str | None
    sid: str | None


@lru_cache(maxsize=64)
def asked_by(query: str) -> Asked:
    """Take a query apart. Nearly all clients send the same one."""
    values = parse_qs(query)
    transport, version, sid = (values.get(name, []) for name in ("transport", "EIO", "sid"))
    return Asked(_only(transport), _only(version), sid[0] if sid else None)


def _only(values: list[str]) -> str | None:
    return values[0] if len(values) == 1 else None
