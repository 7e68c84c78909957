"""What is served, and where."""

from __future__ import annotations

import gc
import os
import socket
from dataclasses import dataclass

from .server_settings import ServerSettings


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve and where.

    :param app: the factory, as ``package.module:function``.
    :param server: how many workers of which kind.
    :param frame_limit: bytes of a WebSocket message above which its connection is closed.
    :param drain_seconds: from SIGTERM until the process is gone.
    """

    app: str
    name: str
    host: str
    port: int
    server: ServerSettings
    frame_limit: int
    drain_seconds: float
    log_level: str
    log_format: str

    @property
    def authority(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{_bracketed(local)}:{self.port}"


def spare_collector() -> None:
    """Let the garbage collector look less often, and not at what is loaded by now, which stays.

    Little in a service is garbage that only it would find: what handles an event is freed by its
    reference count.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def claim_port(host: str, port: int) -> int:
    """The port to serve on: `port`, or a free one if that is 0.

    :raises OSError: if the address is in use, not of this machine, or not allowed.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # elsewhere it would allow an address in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        claimed: int = probe.getsockname()[1]
    return claimed
