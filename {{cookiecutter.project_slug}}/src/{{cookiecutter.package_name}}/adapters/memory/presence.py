"""Presence of the sockets of one worker."""

from __future__ import annotations

from ...runtime.mode import Lock


class MemoryPresence:
    """Implements :class:`~..ports.PresenceStore`."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, str]] = {}
        """Room → sid → user."""
        self._lock = Lock()

    async def enter(self, room: str, user: str, sid: str) -> bool:
        async with self._lock:
            sockets = self._rooms.setdefault(room, {})
            first = user not in sockets.values()
            sockets[sid] = user
            return first

    async def leave(self, room: str, user: str, sid: str) -> bool:
        async with self._lock:
            sockets = self._rooms.get(room, {})
            if sockets.pop(sid, None) is None:
                return False
            if not sockets:
                del self._rooms[room]
            return user not in sockets.values()

    async def members(self, room: str, limit: int) -> list[str]:
        async with self._lock:
            return sorted(set(self._rooms.get(room, {}).values()))[:limit]

    async def beat(self) -> list[tuple[str, str]]:
        """Nobody: the only worker there is lives."""
        return []

    async def sockets(self) -> list[tuple[str, str, str]]:
        """Everybody, as (room, sid, user)."""
        async with self._lock:
            return [
                (room, sid, user)
                for room, sockets in self._rooms.items()
                for sid, user in sockets.items()
            ]
