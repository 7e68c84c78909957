"""What is done to whom."""

from __future__ import annotations

from dataclasses import dataclass

from .candidates import App

TEXT = "the quick brown fox jumps over the lazy dog"
DATA = f'{{"n":$sent,"user":"user-000123","text":"{TEXT}"}}'
CHAT = ("--namespace", "/chat")


@dataclass(frozen=True)
class Work:
    """
    :param options: for the load generator; its first word says what to do.
    :param candidates: those without which goals could not be judged.
    :param others: those that a full run measures too.
    :param reference: the candidate that the others are set against.
    :param unit: what is counted, for each CPU second of the server.
    :param connected: clients that are there and silent meanwhile.
    :param warm_seconds: it is done that long, uncounted, before it is measured.
    """

    name: str
    title: str
    app: App
    options: tuple[str, ...]
    candidates: tuple[str, ...]
    reference: str
    unit: str
    others: tuple[str, ...] = ()
    workers: int = 1
    redis: bool = False
    connected: int = 0
    warm_seconds: float = 0
    note: str = ""

    @property
    def setting(self) -> tuple[App, int, bool]:
        """Works of one setting are done to the same servers."""
        return self.app, self.workers, self.redis


SYNC = ("gevent", "threading", "eventlet")
PLAIN = ("asgi", *SYNC, *(f"flask-socketio-{mode}" for mode in SYNC), "naive", "node", "node-eiows")
OTHERS = ("asgi-stock", "quart")
RAW = ("raw-uvicorn", "raw-picows", "raw-ws")
GATE = ("asgi", "gevent", "threading", "node-contract")
GATE_OTHERS = ("asgi-stock", "quart", "eventlet")
GATE_OTHERS_ON_REDIS = ("gevent", "threading", "quart", "eventlet")
MESSAGE = (
    "--event",
    "message",
    "--data",
    f'{{"room":"room-$client","text":"{TEXT}","id":"$run-$client-$sent"}}',
)
OWN_ROOM = ("--join", '{"room":"room-$client"}')
COMPILING = 10.0
"""V8 compiles what handshakes run for so long: Node's rose from 810 to 1,900 a second of CPU."""
HANDSHAKES = ("handshakes", "--clients", "32")
SAY = ("--event", "say", "--data", DATA, "--heard", "said", "--join", '{"room":"all"}')
FEED = ("--namespace", "/feed", "--enter", "subscribe", "--join", '{"symbols":["ACME"]}')
POST_TICKS = ("--path", "/api/v1/ticks")
SAY_MESSAGE = (
    *("--event", "message", "--data", f'{{"room":"all","text":"{TEXT}","id":"$run-$sent"}}'),
    *("--heard", "message", "--join", '{"room":"all"}'),
)

WORKS = (
    Work(
        "echo",
        "Echo with acknowledgement, 50 clients × 1 under way",
        "plain",
        ("echo", "--clients", "50", "--depth", "1", "--event", "echo", "--data", DATA),
        (*PLAIN, *RAW),
        "node",
        "echoes",
        OTHERS,
    ),
    Work(
        "pipelined",
        "Echo with acknowledgement, 50 clients × 16 under way",
        "plain",
        ("echo", "--clients", "50", "--depth", "16", "--event", "echo", "--data", DATA),
        (*PLAIN, *RAW),
        "node",
        "echoes",
        OTHERS,
    ),
    Work(
        "broadcast",
        "Broadcast to 1,000 in a room, 4 under way",
        "plain",
        ("broadcast", "--clients", "1000", "--depth", "4", *SAY),
        PLAIN,
        "node",
        "deliveries",
        OTHERS,
    ),
    Work(
        "handshakes",
        "Handshakes, 32 at a time, no token",
        "plain",
        HANDSHAKES,
        PLAIN,
        "node",
        "handshakes",
        OTHERS,
        warm_seconds=COMPILING,
    ),
    Work(
        "handshakes_crowded",
        "Handshakes, 32 at a time, no token, 4,000 others connected",
        "plain",
        HANDSHAKES,
        ("asgi", "gevent", "naive", "node"),
        "node",
        "handshakes",
        (*OTHERS, "eventlet", "flask-socketio-gevent", "node-eiows"),
        connected=4000,
        warm_seconds=COMPILING,
    ),
    Work(
        "message",
        "`message` through the gate, 50 clients × 1 under way",
        "chat",
        ("echo", *CHAT, "--clients", "50", "--depth", "1", *OWN_ROOM, *MESSAGE),
        GATE,
        "node-contract",
        "messages",
        GATE_OTHERS,
    ),
    Work(
        "message_pipelined",
        "`message` through the gate, 50 clients × 16 under way",
        "chat",
        ("echo", *CHAT, "--clients", "50", "--depth", "16", *OWN_ROOM, *MESSAGE),
        GATE,
        "node-contract",
        "messages",
        GATE_OTHERS,
    ),
    Work(
        "message_broadcast",
        "`message` to 1,000 in a room, 4 under way",
        "chat",
        ("broadcast", *CHAT, "--clients", "1000", "--depth", "4", *SAY_MESSAGE),
        ("asgi", "gevent", "node-contract"),
        "node-contract",
        "deliveries",
        GATE_OTHERS,
    ),
    Work(
        "handshakes_jwt",
        "Handshakes with JWT, 32 at a time",
        "chat",
        ("handshakes", *CHAT, "--clients", "32"),
        GATE,
        "node-contract",
        "handshakes",
        GATE_OTHERS,
        warm_seconds=COMPILING,
    ),
    Work(
        "redis_echo",
        "Echo with acknowledgement over Redis, one worker",
        "plain",
        ("echo", "--clients", "50", "--depth", "1", "--event", "echo", "--data", DATA),
        ("asgi", "node"),
        "node",
        "echoes",
        redis=True,
    ),
    Work(
        "redis_echo_two",
        "Echo with acknowledgement over Redis, two workers",
        "plain",
        ("echo", "--clients", "50", "--depth", "1", "--event", "echo", "--data", DATA),
        ("asgi", "node"),
        "node",
        "echoes",
        workers=2,
        redis=True,
    ),
    Work(
        "redis_broadcast",
        "Broadcast to 1,000 over Redis, two workers",
        "plain",
        ("broadcast", "--clients", "1000", "--depth", "4", *SAY),
        ("asgi", "node"),
        "node",
        "deliveries",
        workers=2,
        redis=True,
    ),
    Work(
        "redis_message",
        "`message` over Redis (limits, history, signals), 50 clients × 1 under way",
        "chat",
        ("echo", *CHAT, "--clients", "50", "--depth", "1", *OWN_ROOM, *MESSAGE),
        ("asgi", "node-contract"),
        "node-contract",
        "messages",
        GATE_OTHERS_ON_REDIS,
        redis=True,
    ),
    Work(
        "redis_message_broadcast",
        "`message` to 1,000 over Redis, two workers",
        "chat",
        ("broadcast", *CHAT, "--clients", "1000", "--depth", "4", *SAY_MESSAGE),
        ("asgi", "node-contract"),
        "node-contract",
        "deliveries",
        ("gevent", "threading"),
        workers=2,
        redis=True,
    ),
    Work(
        "feed",
        "Ticks posted in batches of 50, watched by 1,000 clients",
        "chat",
        ("feed", *FEED, *POST_TICKS, "--clients", "1000", "--depth", "50"),
        ("asgi", "gevent"),
        "asgi",
        "deliveries",
        ("quart", "threading", "eventlet"),
    ),
    Work(
        "feed_alone",
        "Ticks posted one by one, watched by one client",
        "chat",
        ("feed", *FEED, *POST_TICKS, "--clients", "1", "--depth", "1"),
        ("asgi", "gevent"),
        "asgi",
        "deliveries",
        ("quart", "threading", "eventlet"),
    ),
    Work(
        "view",
        "HTTP: a trivial Flask view, 16 connections, no access log",
        "view",
        ("http", "--clients", "16", "--path", "/view"),
        ("asgi-unlogged", "gthread"),
        "gthread",
        "requests",
        ("gevent", "threading"),
    ),
    Work(
        "view_logged",
        "HTTP: a trivial Flask view, 16 connections, access log",
        "view",
        ("http", "--clients", "16", "--path", "/view"),
        ("asgi", "gthread-logged"),
        "gthread-logged",
        "requests",
    ),
)
BY_NAME = {work.name: work for work in WORKS}
IDLE = ("asgi", "node", "node-contract", "node-eiows", "gevent", "naive")
IDLE_CLIENTS = 1000
