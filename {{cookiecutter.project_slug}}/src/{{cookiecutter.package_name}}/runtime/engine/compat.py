"""Everything this engine needs of other packages that they do not promise to keep.

Known to hold for the versions in `TESTED`. With any other version of one of them the service runs
on the stock path and says so; ``tests/unit/runtime/engine/test_compat.py`` names what has moved.
"""

from __future__ import annotations

from functools import partial

from .. import internals
from ..internals import Names, Tested

TESTED: Tested = {
    "httptools": ((0, 8), (0, 9)),
    "picows": ((2, 3), (2, 3)),
    "python-engineio": ((4, 15), (4, 15)),
    "python-socketio": ((5, 18), (5, 18)),
    "uvicorn": ((0, 54), (0, 54)),
}

INTERNALS: Names = {
    # A frame parser on a connection that somebody else accepted
    "picows.picows:WSProtocol": "connection_made get_buffer buffer_updated",
    "picows:WSTransport": (
        "underlying_transport response is_close_frame_sent send send_close disconnect"
    ),
    "picows:WSUpgradeResponse": "to_bytes",
    "picows": "WSUpgradeResponseWithListener",
    # A request that is parsed before uvicorn does: what is read of it ends with the exception
    "httptools": "HttpParserError HttpParserUpgrade HttpRequestParser",
    # Where uvicorn takes over, and where a request that it has parsed asks for a WebSocket
    "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol": (
        "connection_made connection_lost data_received shutdown handle_websocket_upgrade"
    ),
    "uvicorn.protocols.utils": "get_local_addr get_remote_addr is_ssl",
    # engineio's own WebSockets and polling go on, so its server is extended, not replaced
    "engineio:AsyncServer": (
        "_handle_connect _cors_allowed_origins _log_error_once _bad_request _ok"
        " _method_not_found _get_socket _upgrades generate_id send_packet"
    ),
    "engineio.async_socket:AsyncSocket": (
        "poll receive send close handle_get_request handle_post_request check_ping_timeout"
        " schedule_ping _websocket_handler"
    ),
    "engineio.packet": "CLOSE MESSAGE NOOP PING PONG UPGRADE Packet",
    "engineio.payload:Payload": "decode encode",
    # Where events are dispatched and emitted
    "socketio:AsyncServer": (
        "_engineio_server_class _handle_eio_message _handle_event _trigger_event _send_packet"
        " _send_eio_packet"
    ),
    "socketio.base_manager:BaseManager": "pre_connect",
    "socketio:AsyncManager": (
        "emit pre_connect connect pre_disconnect basic_enter_room basic_leave_room"
        " basic_disconnect get_rooms get_participants sid_from_eio_sid eio_sid_from_sid"
        " is_connected is_pre_connected is_sid_room"
    ),
    "socketio.packet:Packet": "data_is_binary encode",
}
"""What is used here."""

INSTANCES: Names = {
    "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol": (
        "app_state client config cycle flow headers loop parser scheme scope server server_state"
        " transport url"
    ),
    "uvicorn:Config": "asgi_version loaded_app root_path",
    "uvicorn.server:ServerState": "connections tasks",
    "engineio:AsyncServer": (
        "sockets handlers transports cors_allowed_origins allow_upgrades max_http_buffer_size"
        " ping_interval ping_timeout"
    ),
    "socketio:AsyncServer": "eio environ handlers namespace_handlers not_handled _binary_packet",
    "socketio:AsyncManager": "rooms callbacks pending_connect pending_disconnect",
}
"""The same of attributes that only instances have."""

obstacle = partial(internals.obstacle, TESTED, INTERNALS)
"""Why this engine cannot be used with what is installed; ``None`` if it can."""
