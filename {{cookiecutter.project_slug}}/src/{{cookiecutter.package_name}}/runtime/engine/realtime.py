"""The Socket.IO server on the fast engine: a short way for the packet that comes most often."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from socketio.packet import ACK, Packet

from .. import codec
from ..server import MALFORMED, RESERVED_EVENTS, RealtimeServer
from .engineio_server import Call, FastEngine
from .manager import with_prepared_frames
from .outgoing import text_frame
from .session import Session

_EVENT = re.compile(r"42(?:(/[^,?]{0,255}),)?([0-9]{1,15})?(?=\[)")


class FastServer(RealtimeServer):
    """As :class:`~..server.RealtimeServer`, on the engine of this package."""

    def __init__(self, *, client_manager: Any, **options: Any) -> None:
        super().__init__(client_manager=with_prepared_frames(client_manager), **options)
        self.eio.shortcut = self.event_call

    def _engineio_server_class(self) -> type[FastEngine]:
        return FastEngine

    def event_call(self, session: Session, message: str) -> Call | None:
        """The handling of a text message if it is an event beyond doubt; else ``None``.

        Whatever is unusual goes the way of the stock server, so that both refuse the same things.
        """
        match = _EVENT.match(message)
        if (
            match is None
            or len(message) > self._max_message_bytes
            or session.sid in self._binary_packet
        ):
            return None
        try:
            data = codec.loads(message[match.end() :])
        except ValueError:
            return None
        if not data or type(data[0]) is not str or data[0] in RESERVED_EVENTS:
            return None
        namespace, ack_id = match[1] or "/", match[2]
        sid = self.manager.sid_from_eio_sid(session.sid, namespace)
        if sid is None or not self.manager.is_connected(sid, namespace):
            return None
        return self._handle(session, namespace, sid, ack_id, data)

    async def _handle(
        self, session: Session, namespace: str, sid: str, ack_id: str | None, data: list[Any]
    ) -> None:
        handler = self.namespace_handlers.get(namespace)
        try:
            if handler is None or self.handlers:
                result = await self._trigger_event(data[0], namespace, sid, *data[1:])
            else:
                result = await handler.trigger_event(data[0], sid, *data[1:])
        except MALFORMED as error:
            await self.refuse_malformed(session.sid, error)
            return
        if ack_id is None or result is self.not_handled:
            return
        values = [*result] if isinstance(result, tuple) else [] if result is None else [result]
        if not isinstance(result, msgspec.Struct) and Packet.data_is_binary(values):
            packet = self.packet_class(ACK, namespace=namespace, id=int(ack_id), data=values)
            await self._send_packet(session.sid, packet)
            return
        head = f"43{ack_id}" if namespace == "/" else f"43{namespace},{ack_id}"
        session.put(text_frame(head.encode() + codec.encode(values)))
