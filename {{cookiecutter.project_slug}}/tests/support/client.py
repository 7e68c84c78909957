"""A Socket.IO client for tests: it connects, calls with acknowledgement, keeps what it receives."""

import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import socketio
from socketio.exceptions import ConnectionError as SocketConnectionError

TIMEOUT = 10.0
SERIALIZER = "TEST_APP_SERIALIZER"
"""The variable that says what the services under test speak, and so their clients."""


class Refused(Exception):
    """The service refused the connection; `data` is what it said."""

    def __init__(self, message: str, data: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.data = data


class Client:
    """One socket in one namespace. It never reconnects by itself: tests decide when."""

    def __init__(self, url: str, auth: object, namespace: str, transports: list[str]) -> None:
        self.namespace = namespace
        self.received: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.ended: queue.Queue[str] = queue.Queue()
        refused: queue.Queue[Any] = queue.Queue()
        serializer = os.environ.get(SERIALIZER, "json").replace("json", "default")
        self._socket = socketio.Client(reconnection=False, serializer=serializer)
        self._socket.on("*", self._on_event, namespace=namespace)
        self._socket.on("disconnect", self.ended.put, namespace=namespace)
        self._socket.on("connect_error", refused.put, namespace=namespace)
        try:
            self._socket.connect(
                url, auth=auth, namespaces=[namespace], transports=transports, wait_timeout=TIMEOUT
            )
        except SocketConnectionError as error:
            self.close()
            reason = refused.get(timeout=1) if not refused.empty() else str(error)
            if isinstance(reason, Mapping):
                raise Refused(reason["message"], reason.get("data") or {}) from None
            raise Refused(str(reason), {}) from None

    @property
    def sid(self) -> str:
        sid: str = self._socket.get_sid(self.namespace)
        return sid

    def call(self, event: str, data: object, timeout: float = TIMEOUT) -> dict[str, Any]:
        """Send an event and return its acknowledgement."""
        ack: dict[str, Any] = self._socket.call(
            event, data, namespace=self.namespace, timeout=timeout
        )
        return ack

    def next(self, event: str, timeout: float = TIMEOUT) -> Any:
        """The payload of the next `event`; others that come before it are dropped."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                name, data = self.received.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {event} within {timeout} s") from None
            if name == event:
                return data

    def all(
        self,
        event: str,
        quiet: float = 0.5,
        until: Callable[[list[Any]], object] = lambda _: True,
    ) -> list[Any]:
        """The payloads of every `event` until nothing comes for `quiet` seconds.

        :param until: says of them whether all that is expected is there. It is waited for.
        """
        found: list[Any] = []
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                name, data = self.received.get(timeout=quiet)
            except queue.Empty:
                if until(found) or time.monotonic() > deadline:
                    return found
                continue
            if name == event:
                found.append(data)

    def wait_end(self, timeout: float = TIMEOUT) -> str:
        """Wait until the service ended the socket; returns the reason."""
        try:
            return self.ended.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"the socket still lives after {timeout} s") from None

    def send_raw(self, frame: str | bytes) -> None:
        """Send an Engine.IO message as it is."""
        self._socket.eio.send(frame)

    def drop(self) -> None:
        """Cut the connection without saying goodbye."""
        self._socket.eio.ws.sock.close()

    def close(self) -> None:
        transport = self._socket.eio.ws
        self._socket.disconnect()
        self._socket.shutdown()
        if transport is not None:
            transport.shutdown()  # where the service hung up, the library leaves its end open

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _on_event(self, event: str, *args: Any) -> None:
        self.received.put((event, args[0] if len(args) == 1 else args))


def connect(
    url: str,
    token: str | None,
    namespace: str = "/chat",
    transports: list[str] | None = None,
    auth: object = None,
) -> Client:
    """Connect, or raise :class:`Refused`. `auth`, where given, replaces the usual payload."""
    payload = auth if auth is not None else ({"token": token} if token is not None else None)
    return Client(url, payload, namespace, transports or ["websocket"])


@contextmanager
def joined(url: str, token: str, room: str) -> Iterator[Client]:
    """A client that has joined `room`."""
    with connect(url, token) as client:
        ack = client.call("join", {"room": room})
        assert ack["ok"], ack
        yield client
