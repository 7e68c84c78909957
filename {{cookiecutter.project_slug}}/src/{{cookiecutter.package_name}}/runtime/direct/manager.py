"""Emitting to many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from engineio.exceptions import EngineIOError
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio import Manager
from socketio.packet import EVENT, Packet

from .. import codec
from ..websocket_frames import text_frame
from .session import Session, frame_of


class PreparedFrames(Manager):  # type: ignore[misc]
    """A manager that hands prepared frames to the sessions of this package."""

    _prepare: type[Prepared]

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        if callback:  # each client gets an id of its own
            super().emit(event, data, namespace, room, skip_sid, callback=callback, to=to, **kwargs)
            return
        skip = skip_sid if isinstance(skip_sid, list) else (skip_sid,)
        prepared: Prepared | None = None
        sockets = self.server.eio.sockets
        for sid, eio_sid in self.get_participants(namespace, to or room):
            if sid in skip:
                continue
            if prepared is None:
                arguments = [*data] if isinstance(data, tuple) else [] if data is None else [data]
                prepared = self._prepare(namespace, [event, *arguments])
            session = sockets.get(eio_sid)
            if isinstance(session, Session):
                for frame in prepared.frames:
                    session.put(frame)
            elif session is not None:
                with suppress(EngineIOError):
                    for packet in prepared.packets():
                        self.server._send_eio_packet(eio_sid, packet)


class Prepared:
    """An event, encoded once for all who get it.

    :ivar frames: what is written to a WebSocket: the event and its attachments.
    """

    __slots__ = ("_event", "_namespace", "frames")

    def __init__(self, namespace: str, event: list[Any]) -> None:
        self._namespace = namespace
        self._event = event
        if isinstance(event[-1], msgspec.Struct) or not codec.holds_bytes(event):
            head = "42" if namespace == "/" else f"42{namespace},"
            self.frames = [text_frame(head.encode() + codec.encode(event))]
        else:
            self.frames = [frame_of(packet) for packet in self.packets()]

    def packets(self) -> list[EnginePacket]:
        """The same as Engine.IO packets, for those who poll."""
        encoded = Packet(EVENT, self._event, self._namespace).encode()
        packets = encoded if isinstance(encoded, list) else [encoded]
        return [EnginePacket(MESSAGE, packet) for packet in packets]


def with_prepared_frames(manager: Manager, prepare: type[Prepared]) -> Manager:
    """Let `manager`, whatever it adds to python-socketio's, emit as :class:`PreparedFrames` does.

    It is the same object, of a class that has both: the adapters need not know of this package.
    """
    kind = type(manager)
    bases = (PreparedFrames,) if kind is Manager else (kind, PreparedFrames)
    manager.__class__ = type(kind.__name__, bases, {})
    manager._prepare = prepare
    return manager
