"""One host of three is cut off, twice: for so short that connections survive, and for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from storm.client import Record

from .crowd import Aboard, Diary
from .landscape import CLIENTS, HOSTS, Landscape
from .people import People
from .watching import Watch

PING, PONG = 8, 16
"""Seconds: so long that a connection survives the short cut."""
SHORT_SECONDS = 6.0
"""Longer than a worker waits for a sign of life of Redis, so that it misses signals."""
BURST = 30
SETTINGS = {
    "WEB_CONCURRENCY": "2",
    "APP_PING_INTERVAL": str(PING),
    "APP_PING_TIMEOUT": str(PONG),
    "APP_FEED": "simulated",
    "APP_HISTORY_SIZE": "20000",
    **{f"APP_RATE_{name}": "10000/1s" for name in ("HANDSHAKE", "EVENTS", "MESSAGE")},
    "APP_RATE_HTTP": f"{BURST}/3600s:{BURST}",
}
PYTHON = [f"python-{n}" for n in range(6)]
NODE = [f"node-{n}" for n in range(6)]
TALK_SECONDS = 4.0
CONNECT, READ, IDLE = 2, 30, 5
"""nginx's patience with a host (the service's with Redis is the same) and with an answer, and how
long it keeps a connection for the next request: which fails as late as both of these together, if
the host is cut off."""
LEFT_OUT_SECONDS = 10
"""`fail_timeout` of nginx.conf."""
PATIENCE = 120.0


@dataclass
class Story:
    """What was seen. Moments are Unix times."""

    victim: str = ""
    """The host that was cut off for long, while it published the feed."""
    diary: Diary = field(default_factory=Diary)
    on_victim: set[str] = field(default_factory=set)
    """Who had a connection there, and came back."""
    records: dict[str, Record] = field(default_factory=dict)
    revoked: float = 0.0
    short_cut: float = 0.0
    short_mended: float = 0.0
    cut: float = 0.0
    mended: float = 0.0
    spread: dict[str, float] = field(default_factory=dict)
    """Connections of each host at the beginning."""
    statuses: list[int] = field(default_factory=list)
    """Answers to one who asked too often during the cut."""
    members: list[str] = field(default_factory=list)
    """Who is in the room at the end, as somebody who comes is told."""
    connections: dict[str, float] = field(default_factory=dict)
    """At the end, without the crowd of Node's clients."""
    publishes: list[tuple[float, str, bool]] = field(default_factory=list)
    """When a worker began or ceased to publish, and its host."""
    tracebacks: int = 0


def tell(place: Landscape, project: Path, stack: ExitStack) -> tuple[Story, Watch]:
    """Let it happen. What `stack` holds is closed by whoever called."""
    story = Story()
    clients = Aboard(place.network, CLIENTS)
    stack.callback(clients.close)
    watch = Watch(place, clients)
    stack.callback(watch.close)
    people = People(place, project, clients, story.diary, ["websocket"])
    stack.callback(people.close)
    until(lambda: all(watch.status(name) == 200 for name in HOSTS), "all hosts are ready")
    until(lambda: any(status == 200 for _, _, status in watch.asked), "nginx answers")
    people.arrive(PYTHON, NODE)
    until(lambda: _publisher(place), "somebody publishes the feed")
    story.victim = _publisher(place)
    shortly, third = (name for name in HOSTS if name != story.victim)
    watch.follow_feed(third)
    people.meet("mallory", place.direct(shortly))
    people.meet("mallory", place.direct(third))
    time.sleep(TALK_SECONDS)
    story.spread = watch.connections()

    story.short_cut = place.cut(shortly)
    time.sleep(1)
    story.revoked = time.time()
    watch.revoke(third, "mallory")
    _sleep_until(story.short_cut + SHORT_SECONDS)
    story.short_mended = place.mend(shortly)
    _sleep_until(story.short_mended + PING + PONG)

    people.meet("silent", place.direct(story.victim))
    time.sleep(TALK_SECONDS)
    story.on_victim = people.of_host(story.victim) & {*PYTHON, *NODE}
    assert story.on_victim, f"nobody is on {story.victim}: {story.spread}"
    story.cut = place.cut(story.victim)
    until(lambda: came_back(story), "everybody is back")
    until(lambda: told_who_left(story), "who left is told of")
    story.statuses = watch.ask_too_often(BURST + 10)
    _sleep_until(story.cut + PING + PONG + TALK_SECONDS)
    story.mended = place.mend(story.victim)
    until(lambda: watch.status(story.victim) in (0, 200), "the host is ready again")
    failed = max(story.mended + CONNECT, story.cut + IDLE + READ)
    _sleep_until(max(failed, time.time()) + LEFT_OUT_SECONDS)
    for number in range(6):
        people.meet(f"late-{number}", place.url)
    time.sleep(TALK_SECONDS)
    [joined] = [e for e in story.diary.events if e["user"] == "late-5" and e["what"] == "joined"]
    story.members = joined["members"]
    story.records = people.settle()
    _sleep_until(story.mended + PING + PONG)
    story.connections = watch.connections()
    story.tracebacks = sum(place.logs[name].read_text().count("Traceback") for name in HOSTS)
    story.publishes = sorted(
        (line["at"], name, "publishes" in line["event"])
        for name in HOSTS
        for line in place.lines(name)
        if line["event"] in ("this worker publishes the feed", "this worker leaves the feed")
    )
    return story, watch


def told_who_left(story: Story) -> float | None:
    """When somebody was first told that who does not come back has left."""
    told = story.diary.first(story.cut, "presence", left=lambda users: "silent" in users)
    return None if told is None else float(told["at"])


def poll(place: Landscape, project: Path, stack: ExitStack) -> Story:
    """Let everybody talk by long polling, and move on to WebSockets."""
    story = Story()
    clients = Aboard(place.network, CLIENTS)
    stack.callback(clients.close)
    watch = Watch(place, clients)
    stack.callback(watch.close)
    people = People(place, project, clients, story.diary, ["polling", "websocket"])
    stack.callback(people.close)
    until(lambda: all(watch.status(name) == 200 for name in HOSTS), "all hosts are ready")
    until(lambda: any(status == 200 for _, _, status in watch.asked), "nginx answers")
    people.arrive(PYTHON, NODE)
    time.sleep(TALK_SECONDS)
    story.spread = watch.connections()
    story.records = people.settle()
    return story


def came_back(story: Story) -> dict[str, float]:
    """When each of those who were on the host that was cut off is in the room again; or nothing."""
    found = {}
    for user in story.on_victim:
        joined = story.diary.first(story.cut, "joined", user=user)
        if joined is None:
            return {}
        found[user] = joined["at"]
    return found


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE:.0f} s: {what}"
        time.sleep(0.1)


def _publisher(place: Landscape) -> str:
    said = {name: place.said(name, "this worker publishes the feed") for name in HOSTS}
    return next((name for name, at in said.items() if at is not None), "")


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
