"""Emitting to many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from socketio import AsyncManager

from ..codec import values_of
from .session import Session


class PreparedFrames(AsyncManager):  # type: ignore[misc]
    """A manager that hands prepared frames to the sessions of this engine."""

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
        skip = {*skip_sid} if isinstance(skip_sid, list) else (skip_sid,)
        members = self._members(namespace, to or room)
        if not members:
            return
        prepared = self.server.prepared(namespace, [event, *values_of(data)])
        others = self._put(prepared.frames, members, skip)
        if not others:
            return
        packets = prepared.packets()
        for eio_sid in others:  # who polls, or whose WebSocket is not of this engine
            with suppress(EngineIOError):
                for packet in packets:
                    await self.server._send_eio_packet(eio_sid, packet)

    def _put(
        self,
        frames: Sequence[bytes],
        members: Iterable[tuple[str, str]],
        skip: Collection[str | None],
    ) -> list[str]:
        """Give an event to the sessions among `members`; returns the connections of the others."""
        sockets = self.server.eio.sockets
        others = []
        for sid, eio_sid in members:
            if sid in skip:
                continue
            session = sockets.get(eio_sid)
            if isinstance(session, Session):
                for frame in frames:
                    session.put(frame)
            elif session is not None:
                others.append(eio_sid)
        return others

    def _members(self, namespace: str, room: Any) -> Iterable[tuple[str, str]]:
        if isinstance(room, str) or room is None:
            members = self.rooms.get(namespace, {}).get(room)
            return () if members is None else members.items()
        return list(self.get_participants(namespace, room))
