"""A Socket.IO server without a web server around it, for tests that look into its tables."""

from typing import Any

import socketio

from {{cookiecutter.package_name}}.runtime.server import RealtimeServer


def bounded_server(kind: type[RealtimeServer], **different: Any) -> RealtimeServer:
    options: dict[str, Any] = {
        "client_manager": socketio.AsyncManager(),
        "address_of": lambda environ: str(environ["REMOTE_ADDR"]),
        "allowed_origins": (),
        "transports": ("polling", "websocket"),
        "ping_interval": 25,
        "ping_timeout": 20,
        "max_message_bytes": 1000,
        "max_send_bytes": 10_000,
        "max_send_seconds": 5.0,
        "connect_timeout": 10.0,
        "max_connections": 10,
        "max_connections_per_ip": 10,
    }
    return kind(**options | different)
