"""Signals between workers, over one pub/sub connection each.

What a worker has to tell at one moment is one message on ``<prefix>:signals``: ``<worker>:`` and,
as MessagePack, a list of ``<note>:<topic>:<data>``. What is published on ``<prefix>:socketio`` goes
to the topic ``socketio`` as it is: there other programs reach this service's clients, by
``socketio.RedisManager(url, channel="<prefix>:socketio", write_only=True)``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ...domain.errors import Unavailable
from ...runtime.mailbox import Mailbox
from ...runtime.metrics import SIGNALS_LOST
from ...runtime.mode import Event, Task, sleep, spawn, stop, timeout
from .link import CALL_SECONDS, RedisLink, connect, delays

_log = logging.getLogger(__name__)
Handler = Callable[[bytes], Awaitable[None]]

SOCKETIO = "socketio"
_MISSED = "missed"
"""Topic of a worker that could not publish: the others missed something."""

PING_SECONDS = 1.0
SILENCE_SECONDS = 3.0
"""A connection on which neither signals nor answers to pings come for so long is given up."""
HANDLER_SECONDS = 5.0
MAILBOX_BYTES = 16 * 2**20
"""Held at most of what is to be sent, and of each topic's signals not handled yet."""
BATCH = 500
BUNDLE_BYTES = 65_536
"""About as much is in one message."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class RedisSignals:
    """Implements :class:`~..ports.Signals`.

    Signals of one topic are handled in order; topics do not wait for each other. A worker that
    could not send says so as soon as it can, and the others behave as after a reconnect.

    :param worker: names this worker; without colons.
    """

    def __init__(self, link: RedisLink, url: str, *, prefix: str, worker: str) -> None:
        self.healthy = False
        """Whether this worker hears the others."""
        self._link = link
        self._client = connect(url, link.primary, connections=1, decode=False, retry=False)
        self._channel = f"{prefix}:signals"
        self._outside = f"{prefix}:{SOCKETIO}"
        self._sender = worker.encode() + b":"
        self._inboxes: dict[str, list[Mailbox]] = {}
        self._reconnected: list[Callable[[], Awaitable[None]]] = []
        self._missed = Event()
        self._first_try = Event()
        self._outbox = Mailbox(MAILBOX_BYTES)
        self._sending = False
        self._owes_notice = False
        self._ends = False
        self._tasks: list[Task] = []

    async def start(self) -> None:
        """Subscribe. Returns when that has worked or failed once; it is tried on and on."""
        self._tasks += [spawn(self._listen), spawn(self._send), spawn(self._catch_up)]
        await self._first_try.wait()

    async def close(self) -> None:
        """Send what is waiting, for a second at most, and end."""
        if self._ends:
            return
        self._ends = True
        self._put(b"", "", b"")  # wakes this worker too, which waits for what it hears
        deadline = time.monotonic() + 1.0
        while (self._outbox or self._sending) and self._link.up and time.monotonic() < deadline:
            await sleep(0.01)
        await stop(*self._tasks)
        await self._client.aclose()
        self.healthy = False

    async def publish(self, topic: str, signal: bytes | msgspec.Struct) -> None:
        self._put(b"", topic, signal)

    def subscribe(self, topic: str, handler: Handler) -> None:
        inbox = Mailbox(MAILBOX_BYTES)
        self._inboxes.setdefault(topic, []).append(inbox)
        self._tasks.append(spawn(self._handle, topic, inbox, handler))

    def on_reconnect(self, handler: Callable[[], Awaitable[None]]) -> None:
        self._reconnected.append(handler)

    def report_missed(self) -> None:
        """Signals were not handled: behave as after a reconnect."""
        SIGNALS_LOST.labels("in").inc()
        self._missed.set()

    # Receiving

    async def _listen(self) -> None:
        client: Any = self._client  # redis-py has no annotations here
        wait = delays()
        while not self._ends:
            pubsub = client.pubsub()
            try:
                await self._join(pubsub)
                wait = delays()
                await self._receive(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                if self.healthy or not self._first_try.is_set():
                    _log.warning("other workers are not heard: %s", str(error) or "no answer")
                self.healthy = False
                self._first_try.set()
            finally:
                await pubsub.aclose()
            await sleep(next(wait))

    async def _join(self, pubsub: PubSub) -> None:
        async with timeout(CALL_SECONDS):
            await pubsub.subscribe(self._channel, self._outside)
            for _ in range(2):
                if await pubsub.get_message(timeout=CALL_SECONDS) is None:
                    raise TimeoutError("no answer to SUBSCRIBE")
        self._link.report_up()
        self.healthy = True
        if self._first_try.is_set():
            _log.info("other workers are heard again")
            self._missed.set()
        self._first_try.set()

    async def _receive(self, pubsub: PubSub) -> None:
        heard = time.monotonic()
        while not self._ends:
            message = await pubsub.get_message(timeout=PING_SECONDS)
            if not self._link.leads_there(pubsub.connection):
                raise RedisConnectionError("another Redis has become the primary")
            if message is not None:
                heard = time.monotonic()
                if message["type"] == "message":
                    self._take_in(message["channel"].decode(), message["data"])
            elif time.monotonic() - heard > SILENCE_SECONDS:
                raise TimeoutError("no answer to PING")
            else:
                await pubsub.ping()

    def _take_in(self, channel: str, data: bytes) -> None:
        if channel != self._channel:
            self._hand_over(SOCKETIO, data)
        elif not data.startswith(self._sender):
            try:
                signals = _decode(data.partition(b":")[2])
            except ValueError:
                _log.debug("what is no signal came on %s", channel)
                return
            for signal in signals:
                self._accept(*signal.partition(b":")[::2])

    def _accept(self, note: bytes, signal: bytes) -> None:
        name, _, data = signal.partition(b":")
        topic = name.decode(errors="replace")
        if topic == _MISSED:
            self._missed.set()
        self._hand_over(topic, data)

    def _hand_over(self, topic: str, data: bytes) -> None:
        for inbox in self._inboxes.get(topic, ()):
            if not inbox.put(data):
                self.report_missed()

    async def _handle(self, topic: str, inbox: Mailbox, handler: Handler) -> None:
        while True:
            for data in await inbox.take(BATCH):
                if not await _finishes(partial(handler, data), f"signal {topic}"):
                    self.report_missed()

    async def _catch_up(self) -> None:
        while True:
            await self._missed.wait()
            self._missed.clear()
            for handler in self._reconnected:
                if not await _finishes(handler, "reconnect"):
                    self._missed.set()
            await sleep(1.0)  # at most so often, and time for a failing store to come back

    # Sending

    def _put(self, note: bytes, topic: str, signal: bytes | msgspec.Struct) -> None:
        """:param note: what a subclass has to say of the signal, without colons."""
        data = signal if isinstance(signal, bytes) else msgspec.json.encode(signal)
        if not self._outbox.put(b"%b:%b:%b" % (note, topic.encode(), data)):
            self._not_sent(1)

    async def _send(self) -> None:
        while True:
            batch = [] if self._owes_notice else await self._outbox.take(BATCH)
            self._sending = True
            while not self._link.up:
                await sleep(0.05)
            try:
                await self._link.call(partial(self._publish, batch))
            except Unavailable:
                self._not_sent(len(batch))
                await sleep(0.2)
            self._sending = False

    async def _publish(self, batch: list[bytes]) -> None:
        pipeline = self._link.client.pipeline(transaction=False)
        if self._owes_notice:
            batch = [b":%b:" % _MISSED.encode(), *batch]
        for bundle in _bundles(batch):
            pipeline.publish(self._channel, self._sender + _encode(bundle))
        await pipeline.execute()
        self._owes_notice = False

    def _not_sent(self, count: int) -> None:
        SIGNALS_LOST.labels("out").inc(count)
        if not self._owes_notice:
            _log.warning("signals to other workers were lost; they will be told to catch up")
        self._owes_notice = True


def _bundles(signals: list[bytes]) -> Iterator[list[bytes]]:
    """`signals` in their order, a message's worth at a time."""
    bundle: list[bytes] = []
    size = 0
    for signal in signals:
        if bundle and size + len(signal) > BUNDLE_BYTES:
            yield bundle
            bundle, size = [], 0
        bundle.append(signal)
        size += len(signal)
    yield bundle


async def _finishes(handler: Callable[[], Awaitable[None]], what: str) -> bool:
    """Run `handler` in its time; whether it got through."""
    try:
        async with timeout(HANDLER_SECONDS):
            await handler()
    except (Unavailable, TimeoutError) as error:
        _log.warning("%s not handled: %s", what, str(error) or "took too long")
        return False
    except Exception:
        _log.exception("%s not handled", what)
        return False
    return True
