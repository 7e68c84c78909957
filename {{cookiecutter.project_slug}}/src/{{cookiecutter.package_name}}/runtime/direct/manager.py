"""Emitting to many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from socketio import Manager

from ..codec import values_of
from ..prepared import Prepared
from .session import Session


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
                prepared = self._prepare(namespace, [event, *values_of(data)])
            session = sockets.get(eio_sid)
            if isinstance(session, Session):
                for frame in prepared.frames:
                    session.put(frame)
            elif session is not None:
                with suppress(EngineIOError):
                    for packet in prepared.packets():
                        self.server._send_eio_packet(eio_sid, packet)


def with_prepared_frames(manager: Manager, prepare: type[Prepared]) -> Manager:
    """Let `manager`, whatever it adds to python-socketio's, emit as :class:`PreparedFrames` does.

    It is the same object, of a class that has both: the adapters need not know of this package.
    """
    kind = type(manager)
    bases = (PreparedFrames,) if kind is Manager else (kind, PreparedFrames)
    manager.__class__ = type(kind.__name__, bases, {})
    manager._prepare = prepare
    return manager
