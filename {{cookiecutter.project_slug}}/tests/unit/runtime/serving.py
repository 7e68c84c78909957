"""A real uvicorn in a thread."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from ...support.waiting import DEADLINE, eventually


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
