"""What a service that takes only WebSockets says to a client that asks for polling.

The JavaScript client asks for polling first unless it is told otherwise, and shows its user nothing
but ``xhr poll error``.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs

from .once import Once

STATUS = 400
CONTENT_TYPE = "text/plain; charset=utf-8"

_POLLING = (
    "This service takes WebSocket connections only. Tell the client so: "
    'io(url, { transports: ["websocket"] }) in JavaScript, '
    'connect(url, transports=["websocket"]) in Python.\n'
)
_NO_UPGRADE = (
    "The request asks for transport=websocket but carries no WebSocket upgrade. A proxy in between "
    "has to pass the Upgrade and Connection headers on.\n"
)

_log = logging.getLogger(__name__)


def forget_closed(sessions: dict[str, Any], query_string: str) -> None:
    """Take the session that a request is for out of Engine.IO's table if it has ended.

    Engine.IO answers with 400 where there is no such session, and fails where it is still there.
    """
    for sid in parse_qs(query_string).get("sid", ()):
        if sid in sessions and sessions[sid].closed:
            sessions.pop(sid, None)


def is_taken(sessions: dict[str, Any], query_string: str) -> bool:
    """Whether the session that a WebSocket asks for has one already, or is about to.

    Engine.IO's own server takes such a connection and closes it at once; python-engineio refuses
    it, which the JavaScript client reports as an error of the network.
    """
    asked = (sessions.get(sid) for sid in parse_qs(query_string).get("sid", ()))
    return any(session is not None and (session.upgraded or session.upgrading) for session in asked)


class PollingRefusal:
    """Words the refusal, and puts one warning per client address in the log."""

    def __init__(self) -> None:
        self._is_new = Once()

    def body(self, query_string: str, address: str) -> bytes:
        """The answer to a plain HTTP request to the Socket.IO path."""
        transport = parse_qs(query_string, max_num_fields=None).get("transport", [""])[-1]
        text = _NO_UPGRADE if transport == "websocket" else _POLLING
        if self._is_new(address):
            _log.warning("refused a Socket.IO client at %s: %s", address, text.rstrip())
        return text.encode()
