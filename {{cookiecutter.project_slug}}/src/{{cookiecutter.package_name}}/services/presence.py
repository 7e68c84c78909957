"""Who is in which room, told to those in it: at once when it is quiet, else in batches."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from ..domain.errors import Refused
from ..domain.events import PRESENCE, PresenceChange
from ..ports import Audience, PresenceStore, Told
from ..runtime import mode

_log = logging.getLogger(__name__)

BATCH_SECONDS = 0.25
"""Least time between two presence notices to a room: a thousand arrivals are a few notices."""
BEAT_SECONDS = 5.0
MEMBERS_LISTED = 1000
"""Most users named in an acknowledgement of ``join``."""


@dataclass(slots=True)
class _Changes:
    joined: dict[str, str] = field(default_factory=dict)
    """User → sid of the socket that came, if it is known."""
    left: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.joined or self.left)

    def contradicts(self, other: _Changes) -> bool:
        """Whether somebody came in one and went in the other: only their order makes sense."""
        return bool(self.joined.keys() & other.left or self.left & other.joined.keys())

    def add(self, other: _Changes) -> None:
        self.joined |= other.joined
        self.left |= other.left


class Presence:
    """Keeps `store` and tells `audience`."""

    def __init__(self, store: PresenceStore, audience: Audience) -> None:
        self._store = store
        self._audience = audience
        self._pending: dict[tuple[str, Told], _Changes] = {}
        self._guard = mode.Guard()

    async def enter(self, room: str, user: str, sid: str) -> list[str]:
        """Record a socket, tell the others, and return who is in the room."""
        told = await self._store.enter(room, user, sid)
        if told:
            await self._changed(room, _Changes(joined={user: sid}), told)
        return await self._store.members(room, MEMBERS_LISTED)

    async def leave(self, room: str, user: str, sid: str) -> None:
        """Forget a socket and tell the others."""
        told = await self._store.leave(room, user, sid)
        if told:
            await self._changed(room, _Changes(left={user}), told)

    async def watch(self) -> None:
        """Keep this worker's users present, and tell what dead workers and outages changed."""
        while True:
            await mode.sleep(BEAT_SECONDS)
            try:
                beat = await self._store.beat()
            except Refused as refused:
                _log.warning("presence not kept up: %s", refused.message)
                continue
            for room, user in beat.left:
                await self._changed(room, _Changes(left={user}), Told.EVERYBODY)
            for room, user in beat.joined:
                await self._changed(room, _Changes(joined={user: ""}), Told.EVERYBODY)
            for room, user in beat.found:
                await self._changed(room, _Changes(joined={user: ""}), Told.HERE)

    async def _changed(self, room: str, change: _Changes, told: Told) -> None:
        with self._guard:
            pending = self._pending.get((room, told))
            is_quiet = pending is None
            if pending is None:
                self._pending[room, told] = _Changes()
                pending = change
            elif pending.contradicts(change):
                self._pending[room, told] = change
            else:
                pending.add(change)
                return
        if is_quiet:
            mode.spawn(self._tell_in_batches, room, told)
        await self._tell(room, pending, told)

    async def _tell_in_batches(self, room: str, told: Told) -> None:
        while True:
            await mode.sleep(BATCH_SECONDS)
            with self._guard:
                changes = self._pending.pop((room, told))
                if not changes:
                    return
                self._pending[room, told] = _Changes()
            await self._tell(room, changes, told)

    async def _tell(self, room: str, changes: _Changes, told: Told) -> None:
        notice = PresenceChange(room, sorted(changes.joined), sorted(changes.left))
        # Whoever comes alone knows it from the acknowledgement.
        alone = len(changes.joined) == 1 and not changes.left
        tell = self._audience.tell if told is Told.EVERYBODY else self._audience.tell_here
        await tell(room, PRESENCE, notice, skip=list(changes.joined.values()) if alone else ())
