"""TLS in front of a server that has none: ``python tls_proxy.py PORT TARGET_PORT CERTIFICATE KEY``.

Both ports are the loopback's. A process of its own, as it blocks in threads.
"""

import contextlib
import socket
import ssl
import sys
import threading


def carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def meet(client: socket.socket, context: ssl.SSLContext, target: int) -> None:
    with contextlib.suppress(OSError):
        secure = context.wrap_socket(client, server_side=True)
        inside = socket.create_connection(("127.0.0.1", target))
        threading.Thread(target=carry, args=(secure, inside), daemon=True).start()
        carry(inside, secure)


def serve(port: int, target: int, certificate: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=meet, args=(client, context, target), daemon=True).start()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
