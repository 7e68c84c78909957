"""The Socket.IO server: python-socketio's, with its open ends closed.

Overrides of underscore methods of ``socketio.AsyncServer`` are kept to this file; each says why.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import socketio
from engineio.exceptions import EngineIOError
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio import packet

from . import codec, metrics, mode
from .acceptance import accepted_only
from .backlog import Event, Policy
from .client_event import RESERVED_EVENTS
from .connections import Connections
from .frames import MALFORMED, MalformedFrame, frame_limit
from .once import Once
from .origins import OriginPolicy
from .refusal import Refusal, unsendable
from .send_queue import SendQueue
from .serializers import CODE, OtherSerializer, SerializerName, serializer_of

_log = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
TOLD_SECONDS = 2.0
"""Within which a client that polls has to fetch why it is not served."""


class RealtimeServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO for one worker.

    :param address_of: the client address, from a WSGI-like environ.
    :param allowed_origins: besides the service's own origin; ``*`` alone allows all.
    :param max_message_bytes: larger events are refused with ``too_large``.
    :param max_send_bytes: bytes that may wait for a client that reads too slowly.
    :param max_send_seconds: how long they may.
    :param connect_timeout: seconds a connection may live without a namespace.
    :param max_connections: connections this worker may have.
    :param max_connections_per_ip: connections one address may have with this worker.
    :param serializer: what packets are written in.
    """

    unknown_namespace: ClassVar[dict[str, Any]] = {
        "message": "Invalid namespace",
        "data": {"code": "forbidden"},
    }
    """What a client is told that asks for a namespace which is not there."""

    emitters: ClassVar[tuple[type[socketio.AsyncManager], ...]] = ()
    """What the manager gets that emits to sockets which are accepted."""

    def __init__(
        self,
        *,
        client_manager: Any,
        address_of: Callable[[dict[str, Any]], str],
        allowed_origins: Sequence[str],
        transports: Sequence[str],
        ping_interval: int,
        ping_timeout: int,
        max_message_bytes: int,
        max_send_bytes: int,
        max_send_seconds: float,
        connect_timeout: float,
        max_connections: int,
        max_connections_per_ip: int,
        serializer: SerializerName = "json",
    ) -> None:
        self._serializer = serializer_of(serializer, max_message_bytes)
        super().__init__(
            async_mode=mode.ASYNC_MODE,
            client_manager=accepted_only(client_manager, *self.emitters),
            serializer=self._serializer.packet_class,
            json=codec,
            # One event of a socket at a time: acknowledged in order, and a fast sender is held
            # back by TCP instead of filling memory with tasks.
            async_handlers=False,
            cors_allowed_origins=OriginPolicy(allowed_origins),
            cors_credentials=False,
            transports=list(transports),
            allow_upgrades="websocket" in transports,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_http_buffer_size=frame_limit(max_message_bytes),
            http_compression=False,
            logger=logging.getLogger("socketio"),
            engineio_logger=logging.getLogger("engineio"),
        )
        self._policies: dict[Event, Policy] = {}
        self.eio.create_queue = lambda: SendQueue(max_send_bytes, self._policies)
        self._max_send_seconds = max_send_seconds
        self._client_address = address_of
        self._max_message_bytes = max_message_bytes
        self._connections = Connections(
            most=max_connections,
            most_per_address=max_connections_per_ip,
            patience=connect_timeout,
        )
        self._is_new = Once()

    def register_namespace(self, namespace_handler: Any) -> None:
        """Serve a namespace, a :class:`~.namespace.GatedNamespace`."""
        super().register_namespace(namespace_handler)
        self._policies |= namespace_handler.policies

    def address_of(self, connection: str) -> str:
        """The client address of an Engine.IO connection."""
        return self._connections.addresses.get(connection, "unknown")

    def is_crowded(self, address: str) -> bool:
        """Whether this worker, or its share for one address, is used up."""
        return self._connections.is_crowded(address)

    def connections(self) -> list[str]:
        return list(self._connections.addresses)

    async def end_connection(self, connection: str) -> None:
        """Close an Engine.IO connection with all its namespaces, as a server going away does."""
        socket = self.eio.sockets.get(connection)
        if socket is None:
            return
        try:
            await socket.close(wait=False)
        except EngineIOError:
            _log.debug("the connection was gone already")
        # Engine.IO leaves closing the transport to the client; this ends the writer, which does it.
        await socket.queue.put(None)

    async def end_socket(self, sid: str, namespace: str) -> None:
        """Disconnect a client from a namespace for good; clients do not come back by themselves."""
        try:
            # The one thing it waits for is the namespace's clean-up, which has a deadline. Cut off
            # before, python-socketio would keep the socket in its rooms.
            await self.disconnect(sid, namespace=namespace, ignore_queue=True)
        except (EngineIOError, KeyError):
            _log.debug("the socket was gone already")

    async def disconnect(
        self, sid: str, namespace: str | None = None, ignore_queue: bool = False
    ) -> None:
        connection = self.manager.eio_sid_from_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace, ignore_queue)
        self._expect_namespace(connection)

    async def watch(self) -> None:
        """End connections that outstay their bounds. Runs as long as the worker does."""
        while True:
            await mode.sleep(WATCH_SECONDS)
            for connection in self._connections.overdue():
                _log.info("connection closed: no CONNECT within %s s", self._connections.patience)
                await self.end_connection(connection)
            await self._end_slow()

    async def _end_slow(self) -> None:
        oldest = 0.0
        there = [(sid, one) for sid, one in list(self.eio.sockets.items()) if not one.closed]
        for connection, socket in there:
            age = socket.queue.backlog.age()
            oldest = max(oldest, age)
            if socket.queue.backlog.overflowed or age > self._max_send_seconds:
                _log.warning("connection closed: its client reads too slowly (%.1f s behind)", age)
                metrics.SLOW_READERS.inc()
                await self.end_connection(connection)
        metrics.SEND_QUEUE_AGE.set(oldest)

    def _namespaces_of(self, connection: str) -> list[str]:
        return [
            namespace
            for namespace in self.namespace_handlers
            if self.manager.sid_from_eio_sid(connection, namespace)
        ]

    def _expect_namespace(self, connection: str | None) -> None:
        """A connection that has left its last namespace may not stay for long without one."""
        if connection is not None and not self._namespaces_of(connection):
            self._connections.expect(connection)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> bool | None:
        if not self._connections.admit(eio_sid, self._client_address(environ)):
            return False
        environ["connection"] = eio_sid
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        try:
            await super()._handle_eio_disconnect(eio_sid, reason)
            # entered while it was cleaned up after the others
            for namespace in self._namespaces_of(eio_sid):
                await self._handle_disconnect(eio_sid, namespace, reason)
        finally:
            self._binary_packet.pop(eio_sid, None)
            self._serializer.forget(eio_sid)
            self._connections.forget(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        # A frame that does not parse would be logged with a traceback, and nothing else done.
        try:
            if self._serializer.takes(eio_sid, data, eio_sid in self._binary_packet):
                await super()._handle_eio_message(eio_sid, data)
            else:
                await self._refuse_large(eio_sid, data)
        except OtherSerializer as other:
            await self._tell_other(eio_sid, other)
        except MALFORMED as error:
            await self.refuse_malformed(eio_sid, error)

    async def refuse_malformed(self, connection: str, error: Exception) -> None:
        """Close a connection on which came what no correct client sends."""
        _log.info("connection closed: malformed frame (%s)", type(error).__name__)
        _log.debug("what was wrong with the frame", exc_info=error)
        await self.end_connection(connection)

    async def _tell_other(self, connection: str, other: OtherSerializer) -> None:
        known = other.namespace if other.namespace in self.namespace_handlers else "(unknown)"
        metrics.HANDSHAKES.labels(known, CODE).inc()
        address = self.address_of(connection)
        if self._is_new(address):
            _log.warning("refused a Socket.IO client at %s: %s", address, other)
        await self._send_eio_packet(connection, EnginePacket(MESSAGE, other.answer))
        socket = self.eio.sockets.get(connection)
        if socket is not None and socket.upgraded:
            await self.end_connection(connection)
        else:  # the answer waits for the next poll
            self._connections.expect(connection, TOLD_SECONDS)

    async def _refuse_large(self, connection: str, data: str | bytes) -> None:
        """Acknowledge an event that is too large to look into."""
        sender = self._serializer.addressee(data)
        if sender is None:
            raise MalformedFrame
        namespace, ack_id = sender
        sid = self.manager.sid_from_eio_sid(connection, namespace)
        if sid is not None and ack_id is not None:
            refusal = Refusal("too_large", f"at most {self._max_message_bytes} bytes an event")
            ack = refusal.acknowledgement(secrets.token_hex(8))
            await self._send_packet(
                connection,
                self.packet_class(packet.ACK, namespace=namespace, id=ack_id, data=[ack]),
            )
            metrics.EVENTS.labels(namespace, "(unknown)", refusal.code).inc()

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        # What a handler returned may be nothing that can be sent: no fault of the client's.
        try:
            await super()._send_packet(eio_sid, pkt)
        except EngineIOError:
            raise
        except Exception:
            if pkt.packet_type not in (packet.ACK, packet.BINARY_ACK):
                raise
            ack = [unsendable(pkt.namespace)]
            other = self.packet_class(packet.ACK, namespace=pkt.namespace, id=pkt.id, data=ack)
            await super()._send_packet(eio_sid, other)

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        namespace = namespace or "/"
        if namespace not in self.namespace_handlers:
            # python-socketio answers with a plain string, which JavaScript clients show as "".
            refusal = self.packet_class(
                packet.CONNECT_ERROR, data=self.unknown_namespace, namespace=namespace
            )
            await self._send_packet(eio_sid, refusal)
            return
        if self.manager.sid_from_eio_sid(eio_sid, namespace) is not None:
            raise MalformedFrame
        await super()._handle_connect(eio_sid, namespace, data)
        if eio_sid not in self.environ:
            # The connection closed during the handshake, when there was nothing to disconnect yet.
            await self._handle_disconnect(eio_sid, namespace, self.reason.TRANSPORT_CLOSE)
        elif self.manager.sid_from_eio_sid(eio_sid, namespace) is not None:
            self._connections.may_stay(eio_sid)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str | None, reason: str | None = None
    ) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self._expect_namespace(eio_sid)

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, id: int | None, data: Any
    ) -> None:
        # The name comes from the client. Unchecked, an event called "connect" or "disconnect"
        # would run the handler of that name.
        if not (isinstance(data, list) and data and isinstance(data[0], str)):
            raise MalformedFrame
        if data[0] in RESERVED_EVENTS:
            data[0] = f"reserved:{data[0]}"
        await super()._handle_event(eio_sid, namespace, id, data)
