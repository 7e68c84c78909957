"""What clients send that they should not."""

from __future__ import annotations

import logging
import re

MIN_FRAME_LIMIT = 1_000_000

_log = logging.getLogger(__name__)

_PACKET = re.compile(r"4[0-6]|[12356](probe)?(?![\s\S])")
"""A message of Socket.IO (version 5), or one of Engine.IO's packets (version 4) for clients."""


class MalformedFrame(Exception):
    """A frame no correct client sends. Its connection is closed; the others never notice."""


MALFORMED = (
    *(MalformedFrame, ValueError, TypeError, LookupError, AttributeError),
    RecursionError,  # python-socketio looks for attachments in whatever msgspec could read
)
"""What comes of a frame that cannot be taken apart as it should."""


def acceptable(frame: str | bytes | None) -> str | bytes | None:
    """The frame, or ``None``, as at the end of a connection, if it is no packet.

    Engine.IO would fail on it where nobody catches it, log that as an error of the service, and
    keep the connection in its tables.
    """
    if not isinstance(frame, str) or _PACKET.match(frame):
        return frame
    _log.info("connection closed: a frame that is no packet")
    return None


def frame_limit(max_message_bytes: int) -> int:
    """Bytes above which a transport closes the connection instead of refusing the event.

    Larger than the message limit, so that most clients that exceed it hear why.
    """
    return max(MIN_FRAME_LIMIT, 2 * max_message_bytes)
