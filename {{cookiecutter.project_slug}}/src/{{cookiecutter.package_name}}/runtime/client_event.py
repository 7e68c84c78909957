"""What a client asks for with an event."""

from __future__ import annotations

from typing import Any

RESERVED_EVENTS = frozenset({"connect", "connect_error", "disconnect", "disconnecting"})
"""Names of Socket.IO's own, which a client may not send."""

ClientEvent = tuple[str, str, list[Any]]
"""An event of a client, out of its packet: its namespace, empty where it is the default one; the id
of the acknowledgement that is wanted, empty where none is; its name and its arguments. A plain
tuple, which is quicker to make."""


def client_event(namespace: str, ack_id: str, data: object) -> ClientEvent | None:
    """The event, if `data` is one's that a client may send."""
    if type(data) is not list or not data:
        return None
    if type(data[0]) is not str or data[0] in RESERVED_EVENTS:
        return None
    return namespace, ack_id, data
