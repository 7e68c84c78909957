"""The Socket.IO server on the fast engine: a short way for the packet that comes most often."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, ClassVar

import msgspec
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio import AsyncNamespace
from socketio.packet import ACK

from .. import codec
from ..frames import MALFORMED
from ..prepared import Prepared
from ..refusal import unsendable
from ..server import RealtimeServer
from ..server_frames import frame_of, text_frame
from .engineio_server import FastEngine
from .manager import PreparedFrames
from .session import Session
from .tasks import Call
from .unsent import Unsent

Handler = Callable[..., Call]


class FastServer(RealtimeServer):
    """As :class:`~..server.RealtimeServer`, on the engine of this package."""

    prepared: ClassVar[type[Prepared]] = Prepared
    """What an event for many is made into."""
    emitters = (PreparedFrames,)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._handlers_found: dict[tuple[str, str], Handler] = {}
        self._taking_all: dict[str, Any] = {}
        """Namespaces whose ``trigger_event`` takes every event, by their path."""
        self.eio.shortcut = self.event_call
        self.eio.unsent = partial(Unsent, options["max_send_bytes"], self._policies)

    def _engineio_server_class(self) -> type[FastEngine]:
        return FastEngine

    def register_namespace(self, namespace_handler: Any) -> None:
        self._handlers_found.clear()
        super().register_namespace(namespace_handler)
        if type(namespace_handler).trigger_event is not AsyncNamespace.trigger_event:
            self._taking_all[namespace_handler.namespace] = namespace_handler

    def event_call(self, session: Session, message: str) -> Call | None:
        """The handling of a text message if it is an event beyond doubt; else ``None``.

        Whatever is unusual goes the way of the stock server, so that both refuse the same things.
        """
        if len(message) > self._max_message_bytes or session.sid in self._binary_packet:
            return None
        event = codec.event_of(message)
        return None if event is None else self.call_of(session, *event)

    def call_of(
        self, session: Session, namespace: str, ack_id: str, data: list[Any]
    ) -> Call | None:
        """The handling of an event; ``None`` if its sender is not in the namespace."""
        sid = self.manager.sid_from_eio_sid(session.sid, namespace or "/")
        if sid is None or not self.manager.is_connected(sid, namespace or "/"):
            return None
        owner = self._taking_all.get(namespace or "/")
        if owner is not None and not self.handlers:
            data.insert(1, sid)
            return self._handle(session, owner.trigger_event, data, namespace, ack_id)
        handler = self._handler(namespace or "/", data[0])
        data[0] = sid
        return self._handle(session, handler, data, namespace, ack_id)

    async def _handle(
        self, session: Session, handler: Handler, data: list[Any], namespace: str, ack_id: str
    ) -> None:
        try:
            result = await handler(*data)
        except MALFORMED as error:
            await self.refuse_malformed(session.sid, error)
            return
        if not ack_id or result is self.not_handled:
            return
        try:
            self.acknowledge(session, namespace, ack_id, result)
        except Exception:
            self.acknowledge(session, namespace, ack_id, unsendable(namespace))

    def acknowledge(self, session: Session, namespace: str, ack_id: str, result: Any) -> None:
        """Answer an event with what its handler has returned."""
        values = codec.values_of(result)
        if not isinstance(result, msgspec.Struct) and codec.holds_bytes(result):
            packet = self.packet_class(ACK, namespace=namespace or "/", id=int(ack_id), data=values)
            for part in packet.encode():
                session.put(frame_of(EnginePacket(MESSAGE, part)))
            return
        head = f"43{namespace},{ack_id}" if namespace else f"43{ack_id}"
        session.put(text_frame(head.encode() + codec.encode(values)))

    def _handler(self, namespace: str, event: str) -> Handler:
        """What python-socketio would find, called with the sid and the event's arguments."""
        found = self._handlers_found.get((namespace, event))
        if found is not None:
            return found
        owner = self.namespace_handlers.get(namespace)
        if owner is None or self.handlers:
            return partial(self._trigger_event, event, namespace)
        method = getattr(owner, f"on_{event}", None)
        if not iscoroutinefunction(method):
            return partial(owner.trigger_event, event)
        self._handlers_found[namespace, event] = method
        return method
