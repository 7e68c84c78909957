"""Official Python clients that talk in a room, and whoever watches on a host of the network."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import socketio
from socketio.exceptions import SocketIOError
from storm.client import Record

from .network import Network

ANSWER_SECONDS = 4
PAUSE_SECONDS = 0.3

Event = dict[str, Any]
Say = Callable[..., None]


class Aboard:
    """A loop in a thread whose sockets are those of one host.

    :param name: of the host.
    """

    def __init__(self, network: Network, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        def work() -> None:
            network.enter(name)
            ready.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def start(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Any], seconds: float = 60) -> Any:
        return self.start(work).result(seconds)

    def close(self) -> None:
        async def cancel() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=5) if others else None

        self.do(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class Talker:
    """One client, which comes back by itself. Mirrors `clients/crowd.mjs`."""

    def __init__(self, user: str, token: str, room: str, say: Say, *, returns: bool = True) -> None:
        self.user = user
        self.record = Record()
        self.quiet = False
        self._token = token
        self._room = room
        self._say = say
        self._joined = False
        self._joining = False
        self.socket = socketio.AsyncClient(reconnection=returns)
        on = {
            "connect": self._connected,
            "disconnect": self._lost,
            "message": self._live,
            "presence": self._presence,
        }
        for event, handler in on.items():
            self.socket.on(event, handler, namespace="/chat")

    async def connect(self, url: str, transports: list[str], headers: dict[str, str]) -> None:
        await self.socket.connect(
            url,
            headers=headers,
            auth={"token": self._token},
            namespaces=["/chat"],
            transports=transports,
            wait_timeout=60,
            retry=True,
        )

    async def speak(self) -> None:
        number = 0
        while not self.quiet:
            number += 1
            message_id = f"{self.user}-{number}"
            while message_id not in self.record.acknowledged:
                with contextlib.suppress(SocketIOError):  # unknown whether it arrived: again
                    payload = {"room": self._room, "text": message_id, "id": message_id}
                    if self._joined:
                        answer = await self._call("message", payload)
                        if answer["ok"]:
                            self.record.acknowledged[message_id] = answer["offset"]
                            break
                await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.socket.shutdown(), 5)

    async def _call(self, event: str, payload: Event) -> Event:
        call = self.socket.call(event, payload, namespace="/chat", timeout=ANSWER_SECONDS)
        answer: Event = await call
        return answer

    async def _connected(self) -> None:
        asyncio.ensure_future(self._join())  # noqa: RUF006 - its answer comes after this

    async def _join(self) -> None:
        if self._joining:
            return
        self._joining = True
        record = self.record
        since = {"epoch": record.epoch, "offset": record.offset} if record.epoch else None
        try:
            answer = await self._call("join", {"room": self._room, "since": since})
            if not answer["ok"]:
                raise SocketIOError(answer["error"]["code"])
            if since is None or not answer["recovered"]:
                record.unrecovered += since is not None
                record.epoch, record.offset = answer["epoch"], answer["offset"]
                if since is None:
                    record.start = record.offset
            else:
                for message in answer["messages"]:
                    self._apply(message, live=False)
            if not self._joined:
                came = {"recovered": answer["recovered"], "members": answer["members"]}
                self._say(self.user, "joined", **came)
            self._joined = True
        except SocketIOError:
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._join_again)
        finally:
            self._joining = False

    def _join_again(self) -> None:
        if self.socket.connected:
            asyncio.ensure_future(self._join())  # noqa: RUF006

    async def _lost(self, reason: str = "") -> None:
        self._joined = False
        self._say(self.user, "disconnected", reason=reason)

    async def _live(self, message: Event) -> None:
        self._apply(message, live=True)

    async def _presence(self, change: Event) -> None:
        self._say(self.user, "presence", joined=change["joined"], left=change["left"])

    def _apply(self, message: Event, live: bool) -> None:
        record, settled = self.record, live and self._joined and not self._joining
        if not record.epoch:
            return  # it comes with the join
        if message["epoch"] != record.epoch:
            record.unrecovered += 1
        elif message["offset"] == record.offset + 1:
            record.offset += 1
            record.ids.append(message["id"])
        elif message["offset"] <= record.offset:
            record.repeated += settled
        elif settled:
            record.gaps += 1
            asyncio.ensure_future(self._join())  # noqa: RUF006


class Diary:
    """What happened to whom, in the order it was said."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def say(self, user: str, what: str, **more: Any) -> None:
        self.events.append({"at": time.time(), "user": user, "what": what, **more})

    def first(self, since: float, what: str, **wanted: Any) -> Event | None:
        """The first that happened after `since`; a callable in `wanted` judges a value."""
        found = [
            event
            for event in list(self.events)
            if event["at"] >= since and event["what"] == what and _fits(event, wanted)
        ]
        return min(found, key=lambda event: event["at"], default=None)


def _fits(event: Event, wanted: Event) -> bool:
    return all(
        value(event.get(name)) if callable(value) else event.get(name) == value
        for name, value in wanted.items()
    )
