"""Emitting to many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from socketio import AsyncManager

from ..codec import values_of
from ..prepared import Prepared
from .session import Session

MAX_HELD = 1000
"""Events kept for a socket until its handshake is accepted; what comes after them is dropped."""


class PreparedFrames(AsyncManager):  # type: ignore[misc]
    """A manager that hands prepared frames to the sessions of this engine.

    A socket gets nothing before its handshake is accepted; what was emitted to it until then
    follows the acceptance.
    """

    _prepare: type[Prepared]
    _held: dict[str, list[Prepared]]

    async def emit(
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
            await super().emit(
                event, data, namespace, room, skip_sid, callback=callback, to=to, **kwargs
            )
            return
        skip = skip_sid if isinstance(skip_sid, list) else (skip_sid,)
        members = self._members(namespace, to or room)
        if not members:
            return
        prepared = self._prepare(namespace, [event, *values_of(data)])
        for eio_sid in self._put(prepared, namespace, members, skip):
            await self._send(prepared, eio_sid)

    def _put(
        self,
        prepared: Prepared,
        namespace: str,
        members: Iterable[tuple[str, str]],
        skip: Collection[str | None],
    ) -> list[str]:
        """Give an event to the sessions among `members`; returns the connections of the others."""
        sockets = self.server.eio.sockets
        pending = self.pending_connect.get(namespace, ())
        frames = prepared.frames
        others = []
        for sid, eio_sid in members:
            if sid in skip:
                continue
            session = sockets.get(eio_sid)
            if sid in pending:
                held = self._held.setdefault(sid, [])
                if len(held) < MAX_HELD:
                    held.append(prepared)
            elif isinstance(session, Session):
                for frame in frames:
                    session.put(frame)
            elif session is not None:
                others.append(eio_sid)
        return others

    async def _send(self, prepared: Prepared, eio_sid: str) -> None:
        """Send to a client that polls, or whose WebSocket is not of this engine."""
        with suppress(EngineIOError):
            for packet in prepared.packets():
                await self.server._send_eio_packet(eio_sid, packet)

    def _members(self, namespace: str, room: Any) -> Iterable[tuple[str, str]]:
        if isinstance(room, str) or room is None:
            members = self.rooms.get(namespace, {}).get(room)
            return () if members is None else members.items()
        return list(self.get_participants(namespace, room))

    async def connect(self, sid: str, namespace: str) -> Any:
        accepted = await super().connect(sid, namespace)
        for prepared in self._held.pop(sid, ()):
            eio_sid = self.eio_sid_from_sid(sid, namespace)
            for other in self._put(prepared, namespace, [(sid, eio_sid)], ()):
                await self._send(prepared, other)
        return accepted

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        self._held.pop(sid, None)
        super().basic_disconnect(sid, namespace, **kwargs)


def with_prepared_frames(manager: AsyncManager, prepare: type[Prepared]) -> AsyncManager:
    """Let `manager`, whatever it adds to python-socketio's, emit as :class:`PreparedFrames` does.

    It is the same object, of a class that has both: the adapters need not know of the engine.
    """
    kind = type(manager)
    bases = (PreparedFrames,) if kind is AsyncManager else (kind, PreparedFrames)
    manager.__class__ = type(kind.__name__, bases, {})
    manager._prepare = prepare
    manager._held = {}
    return manager
