"""Emitting to a socket whose handshake is under way: it gets nothing before it is accepted.

python-socketio has such a socket in its tables, and sends to it what is for all of a namespace.
"""

from __future__ import annotations

from typing import Any

from socketio import AsyncManager

from . import mode
from .memberships import Memberships

MAX_HELD = 1000
"""Events kept for a socket until its handshake is accepted; what comes after them is dropped."""


class AcceptedOnly(Memberships):
    """A manager that keeps what is emitted during a handshake until that is accepted."""

    _held: dict[str, list[dict[str, Any]]]
    """Sockets that are not accepted, or get what was kept, and what to emit to each."""
    _held_guard: mode.Guard

    def begin(self) -> None:
        super().begin()
        self._held = {}
        self._held_guard = mode.Guard()

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
        if self._held or namespace in self.pending_connect:
            skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
            call = {"event": event, "data": data, "callback": callback, **kwargs}
            waiting = self._hold(namespace, to or room, skipped, call)
            skip_sid = [*skipped, *waiting]
        await super().emit(
            event, data, namespace, room, skip_sid, callback=callback, to=to, **kwargs
        )

    def _hold(
        self, namespace: str, room: Any, skipped: list[str | None], call: dict[str, Any]
    ) -> list[str]:
        """Keep a call for those of `room` who are not accepted yet; returns who they are."""
        rooms = self.rooms.get(namespace, {})
        names = [room] if room is None or isinstance(room, str) else room
        found = []
        with self._held_guard:
            pending = self.pending_connect.get(namespace, ())
            for sid in {*pending, *self._held}.difference(skipped):
                if any(sid in rooms.get(name, ()) for name in names):
                    found.append(sid)
                    held = self._held.setdefault(sid, [])
                    if len(held) < MAX_HELD:
                        held.append(call)
        return found

    async def connect(self, sid: str, namespace: str) -> Any:
        accepted = await super().connect(sid, namespace)
        while (call := self._next_held(sid)) is not None:
            await super().emit(namespace=namespace, to=sid, **call)
        return accepted

    def _next_held(self, sid: str) -> dict[str, Any] | None:
        with self._held_guard:
            held = self._held.get(sid)
            if held:
                return held.pop(0)
            self._held.pop(sid, None)
        return None

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        with self._held_guard:
            self._held.pop(sid, None)
        super().basic_disconnect(sid, namespace, **kwargs)


def accepted_only(manager: AsyncManager, *more: type[AsyncManager]) -> AsyncManager:
    """Let `manager`, whatever it adds to python-socketio's, emit as :class:`AcceptedOnly` does.

    It is the same object, of a class that has both: the adapters need not know.

    :param more: what else its class gets, which emits to those who are accepted.
    """
    kind = type(manager)
    bases: tuple[type, ...] = (AcceptedOnly, *more)
    if kind is not AsyncManager:
        bases = (kind, *bases)
    manager.__class__ = type(kind.__name__, bases, {})
    manager.begin()
    return manager
