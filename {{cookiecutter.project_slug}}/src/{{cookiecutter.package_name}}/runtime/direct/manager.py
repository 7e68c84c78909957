"""Emitting to many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from engineio.packet import Packet
from socketio import Manager

from ..codec import values_of
from ..prepared import Prepared
from .session import Session


class PreparedFrames(Manager):  # type: ignore[misc]
    """A manager that hands prepared frames to the sessions of this package."""

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
        skip = {*skip_sid} if isinstance(skip_sid, list) else (skip_sid,)
        prepared: Prepared | None = None
        packets: list[Packet] | None = None
        sockets = self.server.eio.sockets
        for sid, eio_sid in self.get_participants(namespace, to or room):
            if sid in skip:
                continue
            if prepared is None:
                prepared = self.server.prepared(namespace, [event, *values_of(data)])
                frames = b"".join(prepared.frames)  # as one: no other thread's comes between
            session = sockets.get(eio_sid)
            if isinstance(session, Session):
                session.put(frames)
            elif session is not None:
                if packets is None:
                    packets = prepared.packets()
                with suppress(EngineIOError):
                    for packet in packets:
                        self.server._send_eio_packet(eio_sid, packet)
