"""A body that arrives over a connection: as it comes, bounded, and not for ever."""

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from {{cookiecutter.package_name}}.runtime import incoming_body, raw_socket
from {{cookiecutter.package_name}}.runtime.incoming_body import chunks

LIMIT = 10_000


class Connection:
    """What a server would have of a request; `client` is the other end."""

    def __init__(self, length: int | None) -> None:
        self.server, self.client = socket.socketpair()
        self.file = self.server.makefile("rb")
        self.length = length

    def chunks(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
        monkeypatch.setattr(raw_socket, "connection", lambda _: self.server)
        environ: dict[str, Any] = {"wsgi.input": self.file, "wsgi.input_terminated": True}
        if self.length is not None:
            environ["CONTENT_LENGTH"] = str(self.length)
        return chunks(environ, LIMIT)


@pytest.fixture(params=[None, LIMIT])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    connection = Connection(request.param)
    yield connection
    connection.file.close()
    connection.server.close()
    connection.client.close()


def test_it_comes_in_pieces(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    body = connection.chunks(monkeypatch)
    connection.client.sendall(b"a" * 1024)
    assert next(body) == b"a" * 1024
    connection.client.sendall(b"b" * (LIMIT - 1024))
    connection.client.shutdown(socket.SHUT_WR)
    assert b"".join(body) == b"b" * (LIMIT - 1024)
    assert connection.server.gettimeout() is None


def test_who_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(LIMIT)
    body = connection.chunks(monkeypatch)
    connection.client.sendall(b"a" * 1024)
    connection.client.close()
    assert next(body) == b"a" * 1024
    with pytest.raises(ClientDisconnected):
        next(body)
    connection.file.close()
    connection.server.close()


def test_who_dawdles(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_body, "CHUNK_SECONDS", 0.1)
    body = connection.chunks(monkeypatch)
    connection.client.sendall(b"a")
    with pytest.raises(RequestTimeout):
        next(body)
    assert connection.server.gettimeout() is None


def test_who_goes_on_for_ever(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_body, "BODY_SECONDS", 0.0)
    with pytest.raises(RequestTimeout):
        next(connection.chunks(monkeypatch))


def test_too_large(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_socket, "connection", lambda _: connection.server)
    with pytest.raises(RequestEntityTooLarge):
        next(chunks({"CONTENT_LENGTH": "11", "wsgi.input": io.BytesIO()}, 10))
    environ = {"wsgi.input": io.BytesIO(bytes(LIMIT + 1))}
    with pytest.raises(RequestEntityTooLarge):
        sum(len(chunk) for chunk in chunks(environ, LIMIT))
