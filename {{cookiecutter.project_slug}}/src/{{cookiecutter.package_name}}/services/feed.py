"""The feed: published ticks, to whoever subscribed to their symbols, in batches."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from ..domain.errors import Refused
from ..domain.events import TICKS, Subscribe, Subscribed, Ticks, Unsubscribe, Unsubscribed
from ..domain.ticks import MAX_SYMBOLS, Tick, newest
from ..ports import Audience, Signals, TickStore
from ..runtime import mode
from ..runtime.metrics import FEED_DELAY, FEED_STREAMS
from .following import Following
from .publisher import TOPIC, Batch

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.05
"""Least time between two notices of a symbol to a client. What comes after a pause goes at once."""
MAX_PENDING = 10_000
"""Ticks of a symbol that one flush takes; of more, the latest."""
CHECKED_AT_ONCE = 500


@dataclass(slots=True)
class _Symbol:
    """A symbol that somebody at this worker wants."""

    wanted_by: int = 0
    delivered: Tick | None = None
    """The latest that those who want it have got, or had in their snapshots."""
    pending: list[Tick] = field(default_factory=list)
    from_store: Tick | None = None
    """What was read there. Its signal may still be on its way, and must not deliver it again."""


class Feed:
    """The feed of one worker.

    Whoever subscribes gets the latest tick of a symbol, and every one that comes after it.
    """

    def __init__(
        self,
        store: TickStore,
        audience: Audience,
        signals: Signals,
        max_streams: int = 100,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._store = store
        self._audience = audience
        self._signals = signals
        self._max_streams = max_streams
        self._flush_seconds = flush_seconds
        self._symbols: dict[str, _Symbol] = {}
        self._sockets: dict[str, set[str]] = {}
        self._followings: set[Following] = set()
        self._accepted_at: list[float] = []
        """Of the batches that are pending."""
        self._flushing = False
        self._guard = mode.Guard()
        self._changing = mode.Lock()
        """Held while it changes who wants what."""
        self._delivering = mode.Lock()
        signals.subscribe(TOPIC, self._on_signal)
        signals.on_reconnect(self.check)

    def __len__(self) -> int:
        return len(self._symbols) + len(self._sockets) + len(self._followings)

    async def subscribe(self, sid: str, command: Subscribe) -> Subscribed:
        """Let a socket have the ticks of symbols from now on.

        :raises Refused: ``overloaded``: too many symbols, or the store does not answer.
        """
        wanted = set(command.symbols)
        async with self._changing:
            had = self._sockets.get(sid, set())
            if len(had | wanted) > MAX_SYMBOLS:
                raise Refused("overloaded", f"at most {MAX_SYMBOLS} symbols at once; leave some")
            added = wanted - had
            await self._want(added)
            self._sockets[sid] = had | wanted  # from here on gone() gives it up
            async with self._delivering:
                await self._flush()
                for symbol in added:
                    await self._audience.enter(sid, _room(symbol))
                snapshot = self._delivered(wanted)
        since = command.since
        return Subscribed(snapshot=[t for t in snapshot if since is None or t.at > since])

    async def unsubscribe(self, sid: str, command: Unsubscribe) -> Unsubscribed:
        """Let a socket have the ticks of symbols no longer."""
        async with self._changing:
            had = self._sockets.get(sid, set())
            given_up = had & set(command.symbols)
            for symbol in given_up:
                await self._audience.leave(sid, _room(symbol))
            self._want_no_more(given_up)
            had -= given_up
            if not had:
                self._sockets.pop(sid, None)
        return Unsubscribed()

    async def gone(self, sid: str) -> None:
        """A socket ended, and with it what it wanted."""
        async with self._changing:
            self._want_no_more(self._sockets.pop(sid, set()))

    def require_room_for_stream(self) -> None:
        """:raises Refused: ``overloaded``: this worker has as many streams as it serves."""
        if len(self._followings) >= self._max_streams:
            raise Refused("overloaded", "too many streams here; try again later", 5.0)

    @asynccontextmanager
    async def following(self, symbols: Collection[str]) -> AsyncIterator[Following]:
        """The ticks of symbols as a stream, which begins with the latest of each.

        :raises Refused: ``overloaded``: too many streams, or the store does not answer.
        """
        following = Following(frozenset(symbols))
        async with self._changing:
            self.require_room_for_stream()
            await self._want(following.symbols)
            self._followings.add(following)
            FEED_STREAMS.inc()
        try:
            async with self._delivering:
                following.add(self._delivered(following.symbols))
            yield following
        finally:
            async with self._changing:
                self._followings.remove(following)
                FEED_STREAMS.dec()
                self._want_no_more(following.symbols)

    async def end_streams(self, _seconds: float) -> None:
        """End every stream: a step of the drain. Their clients come back by themselves."""
        for following in list(self._followings):
            following.end()

    async def check(self) -> None:
        """Deliver what is in the store and no signal told of."""
        symbols = list(self._symbols)
        for start in range(0, len(symbols), CHECKED_AT_ONCE):
            latest = await self._store.latest(symbols[start : start + CHECKED_AT_ONCE])
            missed = [tick for symbol, tick in latest.items() if self._is_news(symbol, tick)]
            self.receive(Batch(missed, time.time()))
            with self._guard:
                for tick in missed:
                    if tick.symbol in self._symbols:
                        self._symbols[tick.symbol].from_store = tick

    # Who wants what

    async def _want(self, symbols: Collection[str]) -> None:
        """Count one more who wants each of `symbols`, and know the latest tick of it."""
        with self._guard:
            for symbol in symbols:
                self._symbols.setdefault(symbol, _Symbol()).wanted_by += 1
            unknown = [name for name in symbols if self._symbols[name].delivered is None]
        if not unknown:
            return
        try:
            latest = await self._store.latest(unknown)
        except BaseException:
            self._want_no_more(symbols)
            raise
        with self._guard:
            for symbol, tick in latest.items():
                known = self._symbols[symbol]
                if tick in known.pending:  # it is in the snapshot
                    known.pending.remove(tick)
                else:
                    known.from_store = tick
                known.delivered = tick

    def _want_no_more(self, symbols: Collection[str]) -> None:
        with self._guard:
            for symbol in symbols:
                known = self._symbols[symbol]
                known.wanted_by -= 1
                if not known.wanted_by:
                    del self._symbols[symbol]

    # Delivering

    async def _on_signal(self, data: bytes) -> None:
        self.receive(msgspec.json.decode(data, type=Batch))

    def receive(self, batch: Batch) -> None:
        """Deliver a batch to those at this worker who want it."""
        with self._guard:
            wanted = False
            for tick in self._without_read(batch.ticks):
                symbol = self._symbols.get(tick.symbol)
                if symbol is not None:
                    symbol.pending.append(tick)
                    wanted = True
                    if len(symbol.pending) > MAX_PENDING:
                        del symbol.pending[0]
            if wanted and len(self._accepted_at) < MAX_PENDING:
                self._accepted_at.append(batch.accepted_at)
            begins = wanted and not self._flushing
            self._flushing = self._flushing or wanted
        if begins:
            mode.spawn(self._flush_in_batches)

    def _without_read(self, ticks: list[Tick]) -> list[Tick]:
        """Without what was read from the store before its signal came, and what came before it."""
        read: dict[str, int] = {}
        for position, tick in enumerate(ticks):
            symbol = self._symbols.get(tick.symbol)
            if symbol is None or symbol.from_store is None:
                continue
            if tick == symbol.from_store:
                read[tick.symbol] = position
            if tick.at >= symbol.from_store.at:
                symbol.from_store = None
        if not read:
            return ticks
        return [each for at, each in enumerate(ticks) if at > read.get(each.symbol, -1)]

    async def _flush_in_batches(self) -> None:
        while True:
            try:
                async with self._delivering:
                    await self._flush()
            except Exception:
                _log.exception("ticks not delivered")
            await mode.sleep(self._flush_seconds)
            with self._guard:
                if not any(symbol.pending for symbol in self._symbols.values()):
                    self._flushing = False
                    return

    async def _flush(self) -> None:
        """Deliver what is pending. The caller holds the lock."""
        with self._guard:
            batches = {
                name: symbol.pending for name, symbol in self._symbols.items() if symbol.pending
            }
            for name, ticks in batches.items():
                symbol = self._symbols[name]
                symbol.pending = []
                symbol.delivered = newest([*_one(symbol.delivered), *ticks])[name]
            accepted_at, self._accepted_at = self._accepted_at, []
        for name, ticks in batches.items():
            await self._audience.tell_here(_room(name), TICKS, Ticks(ticks))
        for following in list(self._followings):
            following.add([tick for name in following.symbols for tick in batches.get(name, ())])
        now = time.time()
        for moment in accepted_at:
            FEED_DELAY.observe(max(0.0, now - moment))

    def _is_news(self, name: str, tick: Tick) -> bool:
        symbol = self._symbols.get(name)
        if symbol is None:
            return False
        known = newest([*_one(symbol.delivered), *symbol.pending]).get(name)
        return known is None or known.at < tick.at

    def _delivered(self, symbols: Collection[str]) -> list[Tick]:
        found = (self._symbols[symbol].delivered for symbol in sorted(symbols))
        return [tick for tick in found if tick is not None]


def _room(symbol: str) -> str:
    return f"symbol:{symbol}"


def _one(tick: Tick | None) -> list[Tick]:
    return [] if tick is None else [tick]
