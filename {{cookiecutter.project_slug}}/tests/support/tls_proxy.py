"""TLS in front of a server that has none.

What stands in front of Sentinels also says where the primary is: its address is that of another
of these, which differs by the port only.
"""

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from .ports import free_port
from .waiting import eventually


@contextlib.contextmanager
def behind_tls(
    port: int, certificate: Path, primary: tuple[int, int] | None = None
) -> Iterator[int]:
    """The port of the loopback that leads to `port`: by another process, as it blocks in threads.

    :param certificate: its key is beside it.
    :param primary: the port that Sentinels name, and the one to name instead.
    """
    front = free_port()
    words = [front, port, certificate, certificate.with_suffix(".key"), *(primary or ())]
    process = subprocess.Popen([sys.executable, "-m", __name__, *map(str, words)])
    try:
        eventually(lambda: _listens(front))
        yield front
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _carry(
    source: socket.socket, target: socket.socket, old: bytes = b"", new: bytes = b""
) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data.replace(old, new) if old else data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _meet(client: socket.socket, context: ssl.SSLContext, port: int, names: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        secure = context.wrap_socket(client, server_side=True)
        inside = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_carry, args=(secure, inside), daemon=True).start()
        _carry(inside, secure, *names)


def _serve(front: str, port: str, certificate: str, key: str, *primary: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    names = [f"{len(name)}\r\n{name}\r\n".encode() for name in primary]
    with socket.create_server(("127.0.0.1", int(front))) as listener:
        while True:
            client, _ = listener.accept()
            words = (client, context, int(port), names)
            threading.Thread(target=_meet, args=words, daemon=True).start()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
