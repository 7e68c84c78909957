"""Presence of the sockets of one worker."""

from __future__ import annotations

from ...ports import Beat, Told
from ...runtime.mode import Lock


class MemoryPresence:
    """Implements :class:`~..ports.PresenceStore`."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, str]] = {}
        """Room → sid → user."""
        self._lock = Lock()

    async def enter(self, room: str, user: str, sid: str) -> Told:
        async with self._lock:
            sockets = self._rooms.setdefault(room, {})
            first = user not in sockets.values()
            sockets[sid] = user
            return Told.EVERYBODY if first else Told.NOBODY

    async def leave(self, room: str, user: str, sid: str) -> Told:
        async with self._lock:
            sockets = self._rooms.get(room, {})
            if sockets.pop(sid, None) is None:
                return Told.NOBODY
            if not sockets:
                del self._rooms[room]
            return Told.NOBODY if user in sockets.values() else Told.EVERYBODY

    async def members(self, room: str, limit: int) -> list[str]:
        async with self._lock:
            return sorted(set(self._rooms.get(room, {}).values()))[:limit]

    async def beat(self) -> Beat:
        """Nothing: the only worker there is lives."""
        return Beat([], [], [])

    async def sockets(self) -> list[tuple[str, str, str]]:
        """Everybody, as (room, sid, user)."""
        async with self._lock:
            return [
                (room, sid, user)
                for room, sockets in self._rooms.items()
                for sid, user in sockets.items()
            ]
