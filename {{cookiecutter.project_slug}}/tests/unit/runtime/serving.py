"""A real uvicorn in a thread, and a client that speaks HTTP byte by byte."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

DEADLINE = 30.0


@contextmanager
def serve(app: Any, lifespan: Any = "off", **options: Any) -> Iterator[str]:
    """Serve `app` on a free loopback port; yields the address as a URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            lifespan=lifespan,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            proxy_headers=False,
            **options,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        eventually(lambda: server.started or not thread.is_alive())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(DEADLINE)
            assert not thread.is_alive(), "the server did not stop"


def eventually(condition: Callable[[], Any], seconds: float = DEADLINE) -> None:
    """Wait until `condition` holds, and fail after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def connect(url: str, request: str | bytes = b"") -> socket.socket:
    """A connection to `url` on which `request` has been sent."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=DEADLINE)
    connection.sendall(request.encode() if isinstance(request, str) else request)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """What the server sends until it closes."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received
