"""What the services need from the outside world. Adapters implement these, tests may fake them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Protocol

import msgspec

from .domain.contract import Notice
from .domain.events import Message, Position
from .domain.policies import Rate
from .domain.ticks import Candle, Tick


class Appended(msgspec.Struct, frozen=True):
    """The stored message; `duplicate`: its id was in the room's log already, nothing was added."""

    message: Message
    duplicate: bool


class Replay(msgspec.Struct, frozen=True):
    """Part of a room's log, oldest first, read together with its `head`.

    `complete`: every message after the position asked for is in `messages`.
    """

    head: Position
    messages: list[Message]
    complete: bool


class MessageLog(Protocol):
    """The messages of every room, in order, each exactly once.

    Every method raises :class:`~.domain.errors.Unavailable` when the store does not answer in time.
    A room that was never written to has a head with offset 0. A store that lost its data starts a
    new epoch, so that no client takes new offsets for old ones.
    """

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        """Store a message at the room's next offset, unless `user` sent that id there before."""
        ...

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        """What followed `since` if at most `limit` messages did, else the latest `limit`.

        Without `since`, or when it is of another epoch, ahead of the head, or no longer held in
        full, the result is the latest `limit` messages with ``complete=False``.
        """
        ...

    async def before(self, room: str, offset: int | None, limit: int) -> list[Message]:
        """Up to `limit` messages below `offset` (``None``: from the head), newest first."""
        ...

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        """The newest position of each of `rooms`."""
        ...


class Told(IntEnum):
    """Who is to be told of a change."""

    NOBODY = 0
    HERE = 1
    """The sockets of this worker: it does not know what other workers have."""
    EVERYBODY = 2


class Beat(NamedTuple):
    """What has changed without a call of `enter` or `leave` here; (room, user) pairs."""

    joined: list[tuple[str, str]]
    left: list[tuple[str, str]]
    found: list[tuple[str, str]]
    """Who is there after all, where the sockets of this worker may have been told otherwise."""


class PresenceStore(Protocol):
    """Which users are in which room, over all workers; a user with several sockets counts once."""

    async def enter(self, room: str, user: str, sid: str) -> Told:
        """Record a socket; to be told if it is the user's first. Repeating is harmless."""
        ...

    async def leave(self, room: str, user: str, sid: str) -> Told:
        """Forget a socket; to be told if it was the user's last in the room."""
        ...

    async def members(self, room: str, limit: int) -> list[str]:
        """Up to `limit` users in the room, sorted."""
        ...

    async def beat(self) -> Beat:
        """Say that this worker lives, and clear up after dead ones.

        To be called every few seconds. Who left with a dead worker is returned to only one of the
        calling workers.
        """
        ...


class StaleFence(Exception):
    """Somebody else holds the lease by now: whoever published with this fence has to stop."""


class TickStore(Protocol):
    """The latest tick of every symbol, for all workers.

    Every method raises :class:`~.domain.errors.Unavailable` when the store does not answer in time.
    """

    async def put(self, ticks: Sequence[Tick], *, key: str | None, fence: int | None) -> bool:
        """Take published ticks; false if the same was taken before, and nothing is to be done.

        :param key: names this batch, so that it can be sent again.
        :param fence: of the lease on which it is published.
        :raises StaleFence: if the lease has gone to somebody else.
        :raises Refused: ``invalid_payload`` if the key came with other ticks before.
        """
        ...

    async def latest(self, symbols: Collection[str]) -> dict[str, Tick]:
        """The tick with the latest time of each of `symbols` that has any."""
        ...


class TickHistory(Protocol):
    """The ticks of every symbol, for reading back. Each is kept once: by symbol, time and price.

    Every method raises :class:`~.domain.errors.Unavailable` when the store does not answer in time.
    """

    async def record(self, ticks: Sequence[Tick]) -> None:
        """Keep `ticks`. Repeating is harmless."""
        ...

    async def ticks(
        self, symbol: str, before: tuple[datetime, float] | None, limit: int
    ) -> list[Tick]:
        """Up to `limit` ticks below `before`, a time and a price, newest first."""
        ...

    async def candles(self, symbol: str, before: datetime | None, limit: int) -> list[Candle]:
        """Up to `limit` one-minute candles of minutes before `before`, newest first."""
        ...


class QuoteSource(Protocol):
    """Another service that knows prices."""

    async def fetch(self, symbol: str) -> Tick:
        """The price of `symbol` now.

        :raises TimeoutError: if there is no answer in time.
        :raises ValueError: if the answer is not a price.
        :raises OSError: if the other service cannot be reached.
        """
        ...


class Leases(Protocol):
    """The right to do what only one worker may do."""

    async def claim(self, name: str, seconds: float) -> int | None:
        """Get the lease `name`, or keep it, for the next `seconds`.

        Returns its fence, which is higher than that of every earlier holder; ``None`` if another
        worker holds it.
        """
        ...

    async def release(self, name: str) -> None:
        """Give it back, if this worker holds it."""
        ...


class Limiter(Protocol):
    """Rate limits that hold over all workers."""

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        """Count one call of `key` against the limit `name`.

        Returns 0.0 if it is admitted, else the seconds after which it would be.
        """
        ...

    async def hit_each(self, limits: Sequence[tuple[str, Rate]], key: str) -> float:
        """The same against one limit after the other, until one does not admit it."""
        ...


class IssuedToken(Protocol):
    """What a revocation is about."""

    @property
    def jti(self) -> str | None: ...
    @property
    def sub(self) -> str: ...
    @property
    def issued_at(self) -> datetime: ...


class Revocations(Protocol):
    """Tokens that ended before their time."""

    async def revoke_token(self, jti: str) -> None: ...

    async def revoke_subject(self, sub: str, issued_until: datetime) -> None:
        """End every token of `sub` that was issued up to `issued_until`."""
        ...

    async def is_revoked(self, jti: str | None, sub: str, issued_at: datetime) -> bool: ...

    async def find_revoked(self, tokens: Sequence[IssuedToken]) -> list[IssuedToken]:
        """Those of `tokens` that were revoked.

        :raises Unavailable: if the store does not answer.
        """
        ...


class Signals(Protocol):
    """Small messages to every worker. At most once: whoever must not miss one reads a store too."""

    async def publish(self, topic: str, signal: bytes | msgspec.Struct) -> None:
        """Send `signal`, a struct as JSON, to all *other* workers.

        Never raises: a lost signal is logged and counted.
        """
        ...

    def subscribe(self, topic: str, handler: Callable[[bytes], Awaitable[None]]) -> None:
        """Call `handler` with what other workers publish on `topic`, in order, one at a time."""
        ...

    def on_reconnect(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Call `handler` after a time in which signals may have been missed."""
        ...


class Audience(Protocol):
    """The sockets of one namespace."""

    async def enter(self, sid: str, room: str) -> None:
        """Let a socket of this worker receive what is sent to `room`."""
        ...

    async def leave(self, sid: str, room: str) -> None: ...

    async def tell(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        """Send to the sockets in `room` on every worker, except those whose sid is in `skip`."""
        ...

    async def tell_here(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        """Send to the sockets in `room` on this worker, except those whose sid is in `skip`."""
        ...


class LiveSessions(Protocol):
    """The authenticated sockets of this worker."""

    def tokens(self) -> Sequence[IssuedToken]:
        """The token of each."""
        ...

    async def end_token(self, jti: str) -> int:
        """Disconnect the sockets that came with this token; returns how many."""
        ...

    async def end_subject(self, sub: str, issued_until: datetime) -> int: ...


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, in UTC, with a time zone."""
        ...
