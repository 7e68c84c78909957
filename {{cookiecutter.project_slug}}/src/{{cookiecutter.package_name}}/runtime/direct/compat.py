"""Everything this package needs of others that they do not promise to keep.

Known to hold for the versions in `TESTED`. With any other version of one of them the service runs
on the stock path and says so; ``tests/unit/runtime/direct/test_compat.py`` names what has moved.
"""

from __future__ import annotations

from functools import partial

from .. import internals
from ..internals import Names, Tested

TESTED: Tested = {
    "python-engineio": ((4, 15), (4, 15)),
    "python-socketio": ((5, 18), (5, 18)),
}

INTERNALS: Names = {
    # engineio's own WebSockets and polling go on, so its server is extended, not replaced
    "engineio:Server": "handle_request generate_id _trigger_event _unauthorized send_packet",
    "engineio.socket:Socket": "send close check_ping_timeout",
    "engineio.packet": "CLOSE MESSAGE NOOP OPEN PING Packet",
    # Where events are dispatched and emitted
    "socketio:Server": (
        "_engineio_server_class _handle_eio_message _handle_event _trigger_event _send_packet"
        " _send_eio_packet"
    ),
    "socketio.base_manager:BaseManager": "pre_connect",
    "socketio:Manager": (
        "emit pre_connect connect pre_disconnect basic_enter_room basic_leave_room"
        " basic_disconnect get_rooms get_participants sid_from_eio_sid is_connected"
        " is_pre_connected is_sid_room"
    ),
    "socketio.packet:Packet": "encode",
}
"""What is used here."""

INSTANCES: Names = {
    "engineio:Server": (
        "_async sockets transports cors_allowed_origins max_http_buffer_size ping_interval"
        " ping_timeout ping_interval_grace_period create_queue"
    ),
    "socketio:Server": "eio environ handlers namespace_handlers not_handled _binary_packet",
    "socketio:Manager": "rooms callbacks pending_connect pending_disconnect",
}
"""The same of attributes that only instances have."""

obstacle = partial(internals.obstacle, TESTED, INTERNALS)
"""Why this package cannot be used with what is installed; ``None`` if it can."""
