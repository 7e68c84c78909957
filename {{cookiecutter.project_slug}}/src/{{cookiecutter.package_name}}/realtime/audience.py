"""The audience port over Socket.IO rooms."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import socketio

from ..domain.contract import Notice


class SocketAudience:
    """The sockets of one namespace of `server`."""

    def __init__(self, server: socketio.AsyncServer, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    async def enter(self, sid: str, room: str) -> None:
        await self._server.enter_room(sid, room, namespace=self._namespace)

    async def leave(self, sid: str, room: str) -> None:
        await self._server.leave_room(sid, room, namespace=self._namespace)

    async def tell(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        await self._server.emit(
            notice.name, event, room=room, skip_sid=list(skip), namespace=self._namespace
        )

    async def tell_here(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        await self._server.manager.emit(
            notice.name,
            event,
            self._namespace,
            room=room,
            skip_sid=list(skip),
            ignore_queue=True,
        )
