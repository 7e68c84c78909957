"""What a client asks for with an event."""

from __future__ import annotations

from typing import Any, NamedTuple

RESERVED_EVENTS = frozenset({"connect", "connect_error", "disconnect", "disconnecting"})
"""Names of Socket.IO's own, which a client may not send."""


class ClientEvent(NamedTuple):
    """An event of a client, out of its packet.

    :param namespace: empty where it is the default one.
    :param ack_id: empty where no acknowledgement is wanted.
    :param data: its name, and its arguments.
    """

    namespace: str
    ack_id: str
    data: list[Any]


def client_event(namespace: str, ack_id: str, data: object) -> ClientEvent | None:
    """The event, if `data` is one's that a client may send."""
    if type(data) is not list or not data:
        return None
    if type(data[0]) is not str or data[0] in RESERVED_EVENTS:
        return None
    return ClientEvent(namespace, ack_id, data)
