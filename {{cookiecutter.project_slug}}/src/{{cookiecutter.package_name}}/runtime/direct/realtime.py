"""The Socket.IO server on direct sessions: a short way for the packet that comes most often."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import msgspec
from socketio import Namespace
from socketio.packet import ACK

from .. import codec
from ..frames import MALFORMED
from ..outgoing import Unsent
from ..polling_server import PollingServer
from ..prepared import Prepared
from ..refusal import unsendable
from ..server_frames import text_frame
from .engineio_server import DirectEngine
from .manager import PreparedFrames
from .session import Session

Handler = Callable[..., Any]

_log = logging.getLogger(__name__)


class DirectServer(PollingServer):
    """As :class:`~..server.RealtimeServer`, on the sessions of this package."""

    prepared: ClassVar[type[Prepared]] = Prepared
    """What an event for many is made into."""
    emitters = (PreparedFrames,)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._handlers_found: dict[tuple[str, str], Handler] = {}
        self.eio.shortcut = self.handle_event
        self.eio.unsent = partial(Unsent, options["max_send_bytes"], self._policies)

    def _engineio_server_class(self) -> type[DirectEngine]:
        return DirectEngine

    def register_namespace(self, namespace_handler: Any) -> None:
        self._handlers_found.clear()
        super().register_namespace(namespace_handler)

    def handle_event(self, session: Session, message: str) -> bool:
        """Handle a text message if it is an event beyond doubt; else return false.

        Whatever is unusual goes the way of the stock server, so that both refuse the same things.
        """
        if len(message) > self._max_message_bytes or session.sid in self._binary_packet:
            return False
        event = codec.event_of(message)
        return event is not None and self.carry_out(session, *event)

    def carry_out(self, session: Session, namespace: str, ack_id: str, data: list[Any]) -> bool:
        """Carry out an event; false if its sender is not in the namespace."""
        sid = self.manager.sid_from_eio_sid(session.sid, namespace or "/")
        if sid is None or not self.manager.is_connected(sid, namespace or "/"):
            return False
        handler = self._handler(namespace or "/", data[0])
        data[0] = sid
        try:
            result = handler(*data)
        except MALFORMED as error:
            self.refuse_malformed(session.sid, error)
            return True
        except Exception:
            _log.exception("a handler failed")
            return True
        if ack_id and result is not self.not_handled:
            try:
                self.acknowledge(session, namespace, ack_id, result)
            except Exception:
                self.acknowledge(session, namespace, ack_id, unsendable(namespace))
        return True

    def acknowledge(self, session: Session, namespace: str, ack_id: str, result: Any) -> None:
        """Answer an event with what its handler has returned."""
        values = codec.values_of(result)
        if not isinstance(result, msgspec.Struct) and codec.holds_bytes(result):
            packet = self.packet_class(ACK, namespace=namespace or "/", id=int(ack_id), data=values)
            self._send_packet(session.sid, packet)
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
        if type(owner).trigger_event is not Namespace.trigger_event:
            return partial(owner.trigger_event, event)
        method: Handler | None = getattr(owner, f"on_{event}", None)
        if method is None:
            return partial(owner.trigger_event, event)
        self._handlers_found[namespace, event] = method
        return method
