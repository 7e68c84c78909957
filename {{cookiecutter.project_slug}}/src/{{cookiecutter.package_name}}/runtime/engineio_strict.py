"""Engine.IO as its specification has it, where python-engineio is more lenient.

What the official protocol suite asks for beyond python-engineio: requests that make no sense get
a 400 and end their session, an upgrade leaves no stray packet, a silent session ends on time.
Each method says which internal of python-engineio it relies on; docs of the protocol:
https://socket.io/docs/v4/engine-io-protocol/
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from engineio import AsyncServer
from engineio.async_socket import AsyncSocket
from engineio.exceptions import ContentTooLongError, EngineIOError, SocketIsClosedError
from engineio.packet import CLOSE, MESSAGE, NOOP, PONG, UPGRADE, Packet
from engineio.payload import Payload

from . import mode
from .frames import MALFORMED

FROM_CLIENTS = frozenset({CLOSE, PONG, MESSAGE, UPGRADE, NOOP})
"""The packets a client may send in a polling request; pings are the server's."""
CROSSING_SECONDS = 0.1
"""How long one of two requests under way at once may take to be seen after the other. Engine.IO's
own server lets a poll wait as long during an upgrade."""
_NOOP = str(NOOP)


class StrictSocket(AsyncSocket):  # type: ignore[misc]
    """One Engine.IO session on polling, or on the WebSocket of the web server."""

    heard = 0.0
    """When the client last said that it is there, by the monotonic clock."""
    polling = False
    """Whether a polling request waits for packets."""

    @property
    def overdue(self) -> bool:
        """Whether the client should have answered a ping by now."""
        grace: float = self.server.ping_interval + self.server.ping_timeout
        return time.monotonic() - self.heard >= grace

    async def receive(self, pkt: Packet) -> None:
        if self.closing or self.closed:  # it came together with what ended the session
            raise SocketIsClosedError
        if pkt.packet_type == PONG:
            self.heard = time.monotonic()
        await super().receive(pkt)
        if pkt.packet_type == CLOSE:
            # the loop that reads the WebSocket would go on until the client is silent for long
            raise SocketIsClosedError

    async def send(self, pkt: Packet) -> None:
        if self.closed:
            raise SocketIsClosedError
        if pkt.binary:
            # packets cache their encoding, which polling and WebSockets have different ones of
            pkt = Packet(MESSAGE, pkt.data)
        # engineio's own ends a client here that is silent, and runs its handlers of "disconnect"
        # within whatever emits to it; it has a task that finds those who are
        await self.queue.put(pkt)

    async def handle_get_request(self, environ: dict[str, Any], *more: Any) -> Any:
        # some proxies say "Connection: upgrade" of every request
        wants = "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        if wants and environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return await super().handle_get_request(environ, *more)
        if self.upgrading or self.upgraded:
            # this may have overtaken, on a connection of its own, what ends the upgrade
            await _soon(lambda: self.closed or not self.upgrading)
            is_over = self.closed or self.upgraded
            return self.server._bad_request("Upgraded") if is_over else [Packet(NOOP)]
        with self.server.guard:
            is_second, self.polling = self.polling, True
        if is_second:
            # closing first tells the poll that waits; the server answers this one with 400
            await self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
            raise EngineIOError("a second poll")
        try:
            if self.overdue:
                await self.close(wait=False, abort=True, reason=self.server.reason.PING_TIMEOUT)
                raise EngineIOError("ping timeout")
            return await super().handle_get_request(environ, *more)
        finally:
            self.polling = False

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        try:
            if self.overdue:
                raise EngineIOError("ping timeout")
            for pkt in await self._packets(environ):
                if pkt.packet_type == CLOSE:
                    await _soon(lambda: self.polling)  # a poll that this may have overtaken
                    await self.queue.put(Packet(NOOP))  # ends it
                await self.receive(pkt)
        except SocketIsClosedError:
            pass  # the client took its leave
        except (EngineIOError, OSError, *MALFORMED) as error:
            await self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
            if self.sid in self.server.sockets:  # else engineio has no answer for it
                raise EngineIOError(str(error)) from None

    async def _packets(self, environ: dict[str, Any]) -> list[Packet]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.server.max_http_buffer_size:
            raise ContentTooLongError
        body = await environ["wsgi.input"].read(length)
        packets: list[Packet] = Payload(encoded_payload=body.decode()).packets
        if not packets or any(pkt.packet_type not in FROM_CLIENTS for pkt in packets):
            raise ValueError("not an Engine.IO payload")
        return packets

    async def _upgrade_websocket(self, environ: dict[str, Any], *more: Any) -> Any:
        if not self.connected:
            return await super()._upgrade_websocket(environ, *more)
        if not self._begin_upgrade():
            return self.server._bad_request("Upgraded")
        try:
            return await super()._upgrade_websocket(environ, *more)
        finally:
            if not self.upgraded:
                self.upgrading = False

    async def _websocket_handler(self, ws: Any) -> None:
        with suppress(OSError):  # the client left before it was asked; it is still on polling
            await super()._websocket_handler(_WithoutNoop(ws))

    def _begin_upgrade(self) -> bool:
        """False if another WebSocket of this session has taken over, or is about to."""
        with self.server.guard:
            if self.upgrading or self.upgraded:
                return False
            self.upgrading = True  # packets wait from here on; polls are answered with NOOP
        return True


async def _soon(condition: Callable[[], bool]) -> None:
    """Wait a little for what another request of the same client is about to bring."""
    until = time.monotonic() + CROSSING_SECONDS
    while not condition() and time.monotonic() < until:
        await mode.sleep(CROSSING_SECONDS / 20)


class _WithoutNoop:
    """The WebSocket of the web server, on which no NOOP is sent."""

    def __init__(self, ws: Any) -> None:
        self._ws = ws

    async def wait(self) -> Any:
        return await self._ws.wait()

    async def send(self, message: str | bytes) -> None:
        if message != _NOOP:  # meant for a poll that was over when the client upgraded
            await self._ws.send(message)

    async def close(self) -> None:
        await self._ws.close()


class StrictEngine(AsyncServer):  # type: ignore[misc]
    """An Engine.IO server whose sessions are :class:`StrictSocket`."""

    socket_class: type[StrictSocket] = StrictSocket

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.guard = mode.Guard()
        """For what one request of a session claims before another."""

    async def _handle_connect(self, environ: dict[str, Any], *args: Any) -> Any:
        # engineio takes a request that names no transport for polling
        if "transport" not in parse_qs(environ.get("QUERY_STRING", "")):
            return self._bad_request("Transport unknown")
        return await super()._handle_connect(environ, *args)

    async def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "connect":
            # engineio leaves no choice of the class where it makes a socket
            socket = self.sockets[args[0]]
            if type(socket) is AsyncSocket:
                socket.__class__ = self.socket_class
                socket.heard = time.monotonic()
        return await super()._trigger_event(event, *args, **kwargs)

    def _ok(self, packets: list[Packet] | None = None, **options: Any) -> dict[str, Any]:
        response: dict[str, Any] = super()._ok(packets, **options)
        if packets is None:
            response["response"] = b"ok"
        return response

    def _method_not_found(self) -> Any:
        return self._bad_request("Bad handshake method")
