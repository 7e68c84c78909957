"""Everybody who talks: Python clients in this process and Node's in theirs, through nginx."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from zlib import crc32

from storm.client import Record

from .crowd import Aboard, Diary, Talker
from .landscape import CLIENTS, HOSTS, Landscape

CROWD = Path(__file__).parent.parent / "clients" / "crowd.mjs"
ROOM = "lobby"
END_SECONDS = 60.0


class People:
    """:param aboard: where they are."""

    def __init__(
        self, place: Landscape, project: Path, aboard: Aboard, diary: Diary, transports: list[str]
    ) -> None:
        self._place = place
        self._project = project
        self._aboard = aboard
        self._diary = diary
        self._transports = transports
        self._talkers: list[Talker] = []
        self._speaking: list[Any] = []
        self._node: subprocess.Popen[str] | None = None
        self._reading: threading.Thread | None = None

    def arrive(self, python: list[str], node: list[str]) -> None:
        """Connect through nginx, join, and begin to talk."""
        for user in python:
            self.meet(user, self._place.url, returns=True, speaks=True)
        people = {
            user: {"token": self._place.token(user), "headers": _headers(user)} for user in node
        }
        crowd = {"room": ROOM, "transports": self._transports, "people": people}
        words = ["node", str(CROWD), self._place.url, json.dumps(crowd)]
        self._node = subprocess.Popen(
            self._place.network.command(CLIENTS, words),
            cwd=self._project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def meet(self, user: str, url: str, *, returns: bool = False, speaks: bool = False) -> None:
        """One more, who joins."""
        token = self._place.token(user)
        talker = Talker(user, token, ROOM, self._diary.say, returns=returns)
        self._talkers.append(talker)
        self._aboard.do(talker.connect(url, self._transports, _headers(user)))
        if speaks:
            self._speaking.append(self._aboard.start(talker.speak()))

    def of_host(self, host: str) -> set[str]:
        """Whose latest connection is there, by the hosts' logs."""
        latest: dict[str, tuple[float, str]] = {}
        for name in HOSTS:
            for line in self._place.lines(name):
                if line["event"] == "connected":
                    user = line["user"]
                    latest[user] = max(latest.get(user, (0.0, "")), (line["at"], name))
        return {user for user, (_, name) in latest.items() if name == host}

    def settle(self) -> dict[str, Record]:
        """Let everybody send what is not acknowledged yet, then say what they have."""
        for talker in self._talkers:
            talker.quiet = True
        assert self._node is not None
        assert self._node.stdin is not None
        print(file=self._node.stdin, flush=True)
        for speaking in self._speaking:
            speaking.result(END_SECONDS)
        self._wait_for("quiet")
        time.sleep(6.0)  # longer than a lost signal goes unnoticed
        print(file=self._node.stdin, flush=True)
        self._node.wait(END_SECONDS)
        assert self._reading is not None
        self._reading.join(END_SECONDS)
        records = {talker.user: talker.record for talker in self._talkers if self._speaks(talker)}
        for event in self._diary.events:
            if event["what"] == "record":
                records[event["user"]] = Record(**event["record"])
        return records

    def close(self) -> None:
        for talker in self._talkers:
            with contextlib.suppress(Exception):
                self._aboard.do(talker.close())
        if self._node is not None:
            self._node.kill()
            self._node.wait()

    def _speaks(self, talker: Talker) -> bool:
        return bool(talker.record.acknowledged)

    def _wait_for(self, what: str) -> None:
        deadline = time.monotonic() + END_SECONDS
        while self._diary.first(0, what) is None:
            assert time.monotonic() < deadline, f"Node's clients: no {what}"
            time.sleep(0.1)

    def _read(self) -> None:
        assert self._node is not None
        assert self._node.stdout is not None
        for line in self._node.stdout:
            self._diary.events.append(json.loads(line))


def _headers(user: str) -> dict[str, str]:
    """As if another proxy stood in front: an address of their own for each."""
    return {"X-Forwarded-For": f"192.0.2.{crc32(user.encode()) % 250 + 1}"}
