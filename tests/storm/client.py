"""A careful Socket.IO client: it comes back, asks for what it missed, repeats what is unsure."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import websockets

PATH = "/socket.io/?EIO=4&transport=websocket"
ANSWER_SECONDS = 15.0
"""Longer than a handler may take: who waits for longer, with its connection open, was forgotten."""
PAUSE_SECONDS = 0.2

Payload = dict[str, Any]


class Lost(Exception):
    """The connection ended, or an answer did not come."""


@dataclass
class Record:
    """What one client knows of its room."""

    epoch: str = ""
    offset: int = 0
    start: int = 0
    """The offset it joined at: what was before is not its concern."""
    ids: list[str] = field(default_factory=list)
    """The ids of the messages in the order they came, after `start`."""
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Own messages by id, with their offsets."""
    repeated: int = 0
    """Messages that came live a second time."""
    gaps: int = 0
    """Times a live message was not the next one, and the client asked for the missing."""
    unrecovered: int = 0
    """Times the service could not give all that was missed."""
    unanswered: int = 0
    """Events without an answer although the connection went on."""
    silence: float = 0.0
    """The longest time in seconds between two acknowledged messages."""
    answers: dict[str, int] = field(default_factory=dict)
    """Refusals by code."""


class Client:
    """One user in one room.

    :param address: gives the address to connect to, anew each time.
    """

    def __init__(self, user: str, token: str, room: str, address: Callable[[], str]) -> None:
        self.user = user
        self.record = Record()
        self._token = token
        self._room = room
        self._address = address
        self._ids = 0
        self._calls = 0
        self._answers: dict[int, asyncio.Future[Payload]] = {}
        self._socket: Any = None
        self._joined = asyncio.Event()
        self._filling = False

    async def live(self) -> None:
        """Connect, listen, come back: until cancelled."""
        while True:
            with contextlib.suppress(Lost, OSError, TimeoutError, websockets.WebSocketException):
                await self._session()
            self._joined.clear()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Lost())
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311

    async def speak(self, until: Callable[[], bool], pause: float) -> None:
        """Send numbered messages, each until it is acknowledged."""
        last = time.monotonic()
        while not until():
            self._ids += 1
            await self._send_until_acknowledged(f"{self.user}-{self._ids}")
            self.record.silence = max(self.record.silence, time.monotonic() - last)
            last = time.monotonic()
            await asyncio.sleep(pause)

    def cut(self) -> None:
        """Lose the connection, as in a tunnel."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def caught_up(self) -> int:
        """Join once more, and return the offset of the room's newest message."""
        while True:
            try:
                await asyncio.wait_for(self._joined.wait(), ANSWER_SECONDS)
                return await self._join()
            except (Lost, TimeoutError):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _session(self) -> None:
        async with (
            asyncio.timeout(10) as opening,
            websockets.connect(self._address() + PATH, ping_interval=None, max_size=None) as socket,
        ):
            self._socket = socket
            await socket.recv()
            await socket.send("40/chat," + json.dumps({"token": self._token}))
            answer = str(await socket.recv())
            if not answer.startswith("40/chat"):
                self._count("connect " + answer[:120])
                raise Lost
            opening.reschedule(None)
            joining = asyncio.create_task(self._join_first())
            try:
                async for frame in socket:
                    self._take(str(frame))
            finally:
                joining.cancel()

    async def _join_first(self) -> None:
        while True:
            try:
                await self._join()
            except Lost:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._joined.set()
                return

    async def _join(self) -> int:
        record = self.record
        since = {"epoch": record.epoch, "offset": record.offset} if record.epoch else None
        answer = await self._call(
            "join", {"room": self._room} | ({"since": since} if since else {})
        )
        if not answer["ok"]:
            self._count(answer["error"]["code"])
            raise Lost
        if since is None:
            record.epoch, record.offset = answer["epoch"], answer["offset"]
            record.start = record.offset
        elif not answer["recovered"]:
            record.unrecovered += 1
            record.epoch, record.offset = answer["epoch"], answer["offset"]
        else:
            for message in answer["messages"]:
                self._apply(message, live=False)
        head: int = answer["offset"]
        return head

    def _take(self, frame: str) -> None:
        if frame == "2":
            asyncio.ensure_future(self._write("3"))  # noqa: RUF006
        elif frame.startswith("43/chat,"):
            number, _, body = frame.removeprefix("43/chat,").partition("[")
            answer = self._answers.pop(int(number), None)
            if answer is not None and not answer.done():
                answer.set_result(json.loads("[" + body)[0])
        elif frame.startswith('42/chat,["message"'):
            self._apply(json.loads(frame.removeprefix("42/chat,"))[1], live=True)
        elif frame.startswith("41/chat") or frame == "1":
            raise Lost

    def _apply(self, message: Payload, live: bool) -> None:
        record = self.record
        if not record.epoch:
            return  # it comes with the join
        if message["epoch"] != record.epoch:
            record.unrecovered += 1
        elif message["offset"] == record.offset + 1:
            record.offset += 1
            record.ids.append(message["id"])
        elif message["offset"] <= record.offset:
            record.repeated += live and self._joined.is_set()
        elif live and self._joined.is_set() and not self._filling:
            record.gaps += 1
            self._filling = True  # what comes meanwhile is in the answer, or the next gap
            asyncio.ensure_future(self._fill())  # noqa: RUF006

    async def _fill(self) -> None:
        try:
            with contextlib.suppress(Lost, TimeoutError):
                await self._join()
        finally:
            self._filling = False

    async def _send_until_acknowledged(self, message_id: str) -> None:
        while True:
            try:
                await asyncio.wait_for(self._joined.wait(), ANSWER_SECONDS)
                payload = {"room": self._room, "text": f"at {time.time():.3f}", "id": message_id}
                answer = await self._call("message", payload)
            except (Lost, TimeoutError):
                await asyncio.sleep(0.01)  # for the end of the connection to be noticed
                continue
            if answer["ok"]:
                self.record.acknowledged[message_id] = answer["offset"]
                return
            self._count(answer["error"]["code"])
            await asyncio.sleep(PAUSE_SECONDS)

    async def _call(self, event: str, payload: Payload) -> Payload:
        self._calls += 1
        number = self._calls
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await self._write(f"42/chat,{number}" + json.dumps([event, payload]))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError:
            self.record.unanswered += 1
            self.cut()  # nothing is known of it: begin anew
            raise Lost from None
        finally:
            self._answers.pop(number, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, if the writing failed before

    async def _write(self, frame: str) -> None:
        try:
            await self._socket.send(frame)
        except (OSError, websockets.WebSocketException):
            raise Lost from None

    def _count(self, code: str) -> None:
        self.record.answers[code] = self.record.answers.get(code, 0) + 1
