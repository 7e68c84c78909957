"""A Socket.IO load generator: frames by hand on picows, so that it outruns the servers it drives.

Run in a process of its own, on a core of its own. Prints one JSON object::

    python load.py messages --url ws://127.0.0.1:8000 --pid 4711 --token … --clients 50 --depth 4

Work is counted per second of the *server's* CPU time, which the share of the machine that others
take does not change. `busy` says how much of its own core the generator used: near 1.0, it was the
bottleneck and the rate a lower bound.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

PATH = "/socket.io/?EIO=4&transport=websocket"
OPEN_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


class Socket(WSListener):  # type: ignore[misc]
    """One client in one namespace."""

    def __init__(self, namespace: str, auth: dict[str, Any]) -> None:
        self.namespace = namespace
        self.auth = json.dumps(auth)
        self.prefix = f"{namespace}," if namespace != "/" else ""
        self._ack = f"43{self.prefix}".encode()
        self._event = f"42{self.prefix}[".encode()
        self._connected = f"40{self.prefix}{{".encode()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: WSTransport = None
        self.on_ack: Callable[[bytes], None] = lambda _: None
        self.on_event: Callable[[bytes], None] = lambda _: None
        self._next = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was connected"))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if payload.startswith(self._ack):
            self.on_ack(payload)
        elif payload.startswith(self._event):
            self.on_event(payload)
        elif payload == b"2":
            transport.send(WSMsgType.TEXT, b"3")
        elif payload[:1] == b"0":
            transport.send(WSMsgType.TEXT, f"40{self.prefix}{self.auth}".encode())
        elif payload.startswith(self._connected):
            self.ready.set_result(None)
        elif payload[:2] == b"44" and not self.ready.done():
            self.ready.set_exception(ConnectionRefusedError(payload.decode()))

    def emit(self, event: str, payload: str) -> None:
        """Send an event that asks for an acknowledgement; `payload` is JSON."""
        self._next += 1
        frame = f'42{self.prefix}{self._next}["{event}",{payload}]'
        self.transport.send(WSMsgType.TEXT, frame.encode())

    async def call(self, event: str, payload: str) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.on_ack = answer.set_result
        self.emit(event, payload)
        try:
            return await asyncio.wait_for(answer, OPEN_SECONDS)
        finally:
            self.on_ack = lambda _: None


async def connect(url: str, namespace: str, auth: dict[str, Any]) -> Socket:
    _, socket = await ws_connect(lambda: Socket(namespace, auth), url + PATH)
    await asyncio.wait_for(socket.ready, OPEN_SECONDS)
    found: Socket = socket
    return found


class Meter:
    """CPU seconds of the server's processes, of this one, and the time on the wall."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)
        self._cpu, self._own, self._wall = self._server(), time.process_time(), time.perf_counter()

    def _server(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._pids)

    def report(self, work: int) -> dict[str, float]:
        cpu = self._server() - self._cpu
        wall = time.perf_counter() - self._wall
        return {
            "work": work,
            "per_cpu_second": work / max(cpu, 0.01),
            "per_second": work / wall,
            "server_cpu": cpu / wall,
            "busy": (time.process_time() - self._own) / wall,
        }


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


async def messages(options: argparse.Namespace) -> dict[str, Any]:
    """Each client in a room of its own: `depth` events under way, the next with each answer."""
    sockets = await crowd(options, options.clients)
    for number, socket in enumerate(sockets):
        if options.event == "message":
            await socket.call("join", json.dumps({"room": f"room-{number}"}))
    done = 0

    def drive(number: int, socket: Socket) -> None:
        sent = 0

        def again(_: bytes) -> None:
            nonlocal done, sent
            done += 1
            sent += 1
            socket.emit(options.event, payload(options, number, sent))

        socket.on_ack = again
        for _ in range(options.depth):
            sent += 1
            socket.emit(options.event, payload(options, number, sent))

    for number, socket in enumerate(sockets):
        drive(number, socket)
    await asyncio.sleep(options.warm)
    meter, before = Meter(options.pid), done
    await asyncio.sleep(options.seconds)
    return meter.report(done - before)


def payload(options: argparse.Namespace, number: int, count: int) -> str:
    if options.event != "message":
        return '"hello, world"'
    return f'{{"room":"room-{number}","text":"hello, world","id":"{number}-{count}"}}'


async def broadcast(options: argparse.Namespace) -> dict[str, Any]:
    """All in one room; one speaks, again as soon as everybody has heard `window` messages less."""
    sockets = await crowd(options, options.clients)
    for socket in sockets:
        await socket.call("join", '{"room":"all"}')
    heard, sent = 0, 0
    speaker = sockets[0]

    def on_event(data: bytes) -> None:
        nonlocal heard
        if b'"message"' in data[:40]:
            heard += 1
            if heard % len(sockets) == 0:
                speak()

    def speak() -> None:
        nonlocal sent
        sent += 1
        speaker.emit("message", f'{{"room":"all","text":"hello, world","id":"b-{sent}"}}')

    for socket in sockets:
        socket.on_event = on_event
    for _ in range(options.depth):
        speak()
    await asyncio.sleep(options.warm)
    meter, before = Meter(options.pid), heard
    await asyncio.sleep(options.seconds)
    return meter.report(heard - before)


async def handshakes(options: argparse.Namespace) -> dict[str, Any]:
    """Connect, be let in with a token, leave."""
    done = 0
    meter = Meter(options.pid)
    until = time.perf_counter() + options.seconds

    async def comer() -> None:
        nonlocal done
        while time.perf_counter() < until:
            socket = await connect(options.url, options.namespace, {"token": options.token})
            done += 1
            socket.transport.disconnect()

    await asyncio.gather(*(comer() for _ in range(options.clients)))
    return meter.report(done)


async def idle(options: argparse.Namespace) -> dict[str, Any]:
    """Bytes of memory an open socket costs, and the CPU that a thousand of them take."""
    before = sum(resident_bytes(pid) for pid in options.pid)
    sockets = await crowd(options, options.clients)
    await asyncio.sleep(2)
    after = sum(resident_bytes(pid) for pid in options.pid)
    meter = Meter(options.pid)
    await asyncio.sleep(options.seconds)
    report = meter.report(0)
    return {
        "bytes": (after - before) / len(sockets),
        "cpu_per_thousand": report["server_cpu"] * 1000 / len(sockets),
    }


async def crowd(options: argparse.Namespace, size: int) -> list[Socket]:
    sockets: list[Socket] = []
    while len(sockets) < size:
        some = min(32, size - len(sockets))
        auth = {"token": options.token}
        sockets += await asyncio.gather(
            *(connect(options.url, options.namespace, auth) for _ in range(some))
        )
    return sockets


WORK = {f.__name__: f for f in (messages, broadcast, handshakes, idle)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=WORK)
    parser.add_argument("--url", required=True)
    parser.add_argument("--pid", type=int, action="append", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--namespace", default="/chat")
    parser.add_argument("--event", default="message")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--warm", type=float, default=1.0)
    options = parser.parse_args()
    print(json.dumps(uvloop.run(WORK[options.work](options))))


if __name__ == "__main__":
    main()
