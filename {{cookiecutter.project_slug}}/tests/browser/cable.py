"""A cable between a browser and the service that can be cut and mended."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Cable:
    """Forwards TCP connections; while it is cut there are none, and new ones are closed at once.

    With a `prefix` it is a proxy that serves the far end below that, and takes it off.
    """

    def __init__(self, far_end: tuple[str, int], prefix: str = "") -> None:
        self._far_end = far_end
        self._prefix = f" {prefix}/".encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._whole = True
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{prefix}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            self._whole = False
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                with self._lock:
                    if not self._whole:
                        near.close()
                        continue
                    far = socket.create_connection(self._far_end)
                    self._ends |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._forward, args=(source, target), daemon=True
                    ).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data.replace(self._prefix, b" /", 1))
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        with self._lock:
            self._ends.discard(source)
        source.close()


@contextmanager
def cable_to(url: str, prefix: str = "") -> Iterator[Cable]:
    """A cable whose other end is the service at `url`."""
    address = urlsplit(url)
    cable = Cable((str(address.hostname), int(address.port or 80)), prefix)
    try:
        yield cable
    finally:
        cable.close()
