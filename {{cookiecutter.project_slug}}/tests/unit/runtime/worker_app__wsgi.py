"""A small service to run under the production server: what it does is written to its output."""

import os
from collections.abc import Iterable

from {{cookiecutter.package_name}}.runtime import metrics
from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.mode import sleep, spawn, stop
from {{cookiecutter.package_name}}.runtime.websocket import WebSocket
from {{cookiecutter.package_name}}.runtime.wheel import Wheel
from {{cookiecutter.package_name}}.runtime.wsgi import (
    Environ,
    StartResponse,
    answer,
    is_websocket,
)

LOGGERS = {"gunicorn.error"}
"""Who writes to the log."""


class App:
    """Greets; ``/slow`` takes a second; ``/hang`` never answers; WebSockets stay open."""

    max_http_buffer_size = 1000
    ping_interval = ping_timeout = 20

    def __init__(self) -> None:
        self._drain = Drain(float(os.environ["DRAIN_SECONDS"]))
        self._drain.add(self._wait)
        self._sockets: set[WebSocket] = set()
        self._wheel = Wheel()

    def open(self) -> None:
        if "FAIL_START" in os.environ:
            raise RuntimeError("no store")
        metrics.CONNECTIONS.labels("/chat").set(10)
        self._turning = spawn(self._wheel.run)

    def drain(self) -> None:
        self._drain.run()

    def close(self) -> None:
        stop(self._turning)
        print("closed now", flush=True)

    def _wait(self, left: float) -> None:
        print("draining now", flush=True)
        for socket in list(self._sockets):
            socket.close()
        sleep(float(os.environ.get("DRAIN_TAKES", "0")))
        print("drained now", flush=True)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if is_websocket(environ):
            return WebSocket(self._wheel, self._listen, self)(environ, start_response)
        return answer(start_response, 200, "text/plain", self._answer(environ["PATH_INFO"]))

    def _listen(self, socket: WebSocket) -> None:
        self._sockets.add(socket)
        while socket.wait() is not None:
            socket.send("heard")
        self._sockets.discard(socket)

    def _answer(self, path: str) -> bytes:
        print(f"asked for {path}", flush=True)
        if path == "/metrics":
            return metrics.render()
        if path == "/directory":
            return os.environ[metrics.MULTIPROC_DIR].encode()
        if path == "/slow":
            sleep(1)
        if path == "/hang":
            sleep(3600)
        return str(os.getpid()).encode()


def create_app() -> App:
    return App()
