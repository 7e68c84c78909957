"""Everything this package needs of others that they do not promise to keep.

Known to hold for the versions in `TESTED`. With any other version of one of them the service runs
on the stock path and says so; ``tests/unit/runtime/direct/test_compat.py`` names what has moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version

Version = tuple[int, int]

TESTED: Mapping[str, tuple[Version, Version]] = {
    "python-engineio": ((4, 15), (4, 15)),
    "python-socketio": ((5, 18), (5, 18)),
}
"""Distribution → the first and the last minor version the tests have passed with."""

INTERNALS: Mapping[str, str] = {
    # engineio's own WebSockets and polling go on, so its server is extended, not replaced
    "engineio:Server": "handle_request generate_id _trigger_event _unauthorized send_packet",
    "engineio.socket:Socket": "send close check_ping_timeout",
    "engineio.packet": "CLOSE MESSAGE NOOP OPEN PING Packet",
    # Where events are dispatched and emitted
    "socketio:Server": (
        "_engineio_server_class _handle_eio_message _handle_event _trigger_event _send_packet"
        " _send_eio_packet"
    ),
    "socketio:Manager": "emit get_participants sid_from_eio_sid is_connected",
    "socketio.packet:Packet": "encode",
}
"""Module or class → the names in it that are used here."""

INSTANCES: Mapping[str, str] = {
    "engineio:Server": (
        "_async sockets transports cors_allowed_origins max_http_buffer_size ping_interval"
        " ping_timeout ping_interval_grace_period create_queue"
    ),
    "socketio:Server": "eio environ handlers namespace_handlers not_handled _binary_packet",
}
"""The same of attributes that only instances have."""


def obstacle() -> str | None:
    """Why this package cannot be used with what is installed; ``None`` if it can."""
    for name, (first, last) in TESTED.items():
        numbers = re.findall(r"\d+", version(name))
        if not first <= (int(numbers[0]), int(numbers[1])) <= last:
            return f"{name} {version(name)} is not a version it is tested with"
    moved = next(missing(), None)
    return f"{moved} is not there" if moved else None


def missing() -> Iterator[str]:
    """The names of `INTERNALS` that do not exist."""
    for place, names in INTERNALS.items():
        module, _, kind = place.partition(":")
        try:
            owner = import_module(module)
            owner = getattr(owner, kind) if kind else owner
        except (ImportError, AttributeError):
            yield place
            continue
        for name in names.split():
            if not hasattr(owner, name):
                yield f"{place}.{name}"
