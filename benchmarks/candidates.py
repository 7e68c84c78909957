"""Who is compared, how each is installed, and the command that serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from .cache import PEERS, Cache, Unavailable, node

App = Literal["plain", "chat", "raw", "view"]
"""What a candidate serves: echo and a room; the contract of /chat; every message back; a page."""
AUDIENCE = "benchmarks"


@dataclass(frozen=True)
class Serving:
    """What is to be served, and where."""

    app: App
    port: int
    secret: str
    workers: int = 1
    redis_url: str | None = None

    @property
    def env(self) -> dict[str, str]:
        shared = {"PORT": str(self.port), "WEB_CONCURRENCY": str(self.workers)}
        shared |= {"APP_JWT_SECRET": self.secret, "APP_JWT_AUDIENCE": AUDIENCE}
        shared |= {"APP_JWT_ISSUER": AUDIENCE, "NODE_ENV": "production"}
        return shared | ({"REDIS_URL": self.redis_url} if self.redis_url else {})


@dataclass(frozen=True)
class Launch:
    """A command, where to run it, and what to add to the environment."""

    command: list[str | Path]
    cwd: Path
    env: Mapping[str, str]


class Kind(Protocol):
    def launch(self, cache: Cache, serving: Serving) -> Launch:
        """Install what is missing, and say how to start.

        :raises Unavailable: if it cannot be had here.
        """
        ...


@dataclass(frozen=True)
class Generated:
    """A service of the template under its production command, limits too high to be met."""

    mode: str
    env: Mapping[str, str] = field(default_factory=dict)

    def launch(self, cache: Cache, serving: Serving) -> Launch:
        project = cache.project(self.mode, "chat" if serving.app == "chat" else "plain")
        python = cache.python([project / "pyproject.toml"])
        limits = {
            f"APP_RATE_{name}": "1000000/1s" for name in ("HANDSHAKE", "EVENTS", "MESSAGE", "HTTP")
        }
        limits |= {f"APP_MAX_CONNECTIONS_PER_{name}": "100000" for name in ("IP", "USER")}
        if self.mode == "threading":
            limits["APP_MAX_CONNECTIONS"] = "1200"
        env = {
            "APP_ENV": "production" if serving.redis_url else "test",
            "APP_DRAIN_SECONDS": "2",
            "APP_LOG_FORMAT": "json",
            "PYTHONPATH": "src",
            **limits,
            **self.env,
        }
        command: list[str | Path] = [python, "-m", "realtime_service", "serve"]
        return Launch(command, project, {**serving.env, **env})


@dataclass(frozen=True)
class PythonPeer:
    """A script of ``peers/python``; ``{port}`` in its command is where to serve."""

    requirements: tuple[str, ...]
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    def launch(self, cache: Cache, serving: Serving) -> Launch:
        python = cache.python(self.requirements)
        words = [word.replace("{port}", str(serving.port)) for word in self.command]
        return Launch([python, *words], PEERS / "python", {**serving.env, **self.env})


@dataclass(frozen=True)
class NodePeer:
    """A script of ``peers/node``, with the packages of one of the folders there."""

    script: str
    packages: str = "."
    env: Mapping[str, str] = field(default_factory=dict)

    def launch(self, cache: Cache, serving: Serving) -> Launch:
        program = node()
        if program is None:
            raise Unavailable("node is not on PATH")
        folder = cache.node_modules(self.packages)
        # modules are looked for beside the script; what has no packages.json is found by NODE_PATH
        modules = {"NODE_PATH": str(folder / "node_modules")}
        command: list[str | Path] = [program, PEERS / "node" / self.script]
        return Launch(command, folder, {**serving.env, **modules, **self.env})


@dataclass(frozen=True)
class Candidate:
    """:param title: as people read it in tables."""

    name: str
    title: str
    kind: Kind


UVICORN = ("-m", "uvicorn", "--port", "{port}", "--backlog", "2048", "--log-level", "warning")
GUNICORN = ("-m", "gunicorn", "-b", "127.0.0.1:{port}", "--backlog", "2048", "-k", "gthread")
SOCKETIO = ("python-socketio>=5.18,<6", "python-engineio>=4.15,<5")
FLASK_SOCKETIO = (
    "flask-socketio>=5.6,<6",
    *SOCKETIO,
    "simple-websocket>=1.1,<2",
    "gunicorn>=26,<28",
)


def _flask_socketio(mode: str) -> PythonPeer:
    script: tuple[str, ...] = ("flask_socketio_app.py",)
    if mode == "threading":
        script = (
            *GUNICORN,
            "--threads",
            "1200",
            "--worker-connections",
            "1200",
            "flask_socketio_app:app",
        )
    extra = {
        "gevent": ("gevent>=25.9", "gevent-websocket>=0.10"),
        "eventlet": ("eventlet>=0.41,<0.42",),
    }
    return PythonPeer((*FLASK_SOCKETIO, *extra.get(mode, ())), script, {"ASYNC_MODE": mode})


CANDIDATES = {
    candidate.name: candidate
    for candidate in (
        Candidate("asgi", "generated, asgi", Generated("asgi")),
        Candidate(
            "asgi-stock", "generated, asgi, stock", Generated("asgi", {"APP_ENGINE": "stock"})
        ),
        Candidate(
            "asgi-unlogged",
            "generated, asgi, no access log",
            Generated("asgi", {"APP_LOG_LEVEL": "warning"}),
        ),
        Candidate("quart", "generated, quart", Generated("quart")),
        Candidate("gevent", "generated, gevent", Generated("gevent")),
        Candidate("threading", "generated, threading", Generated("threading")),
        Candidate("eventlet", "generated, eventlet", Generated("eventlet")),
        Candidate(
            "naive",
            "python-socketio, uvicorn",
            PythonPeer(
                (*SOCKETIO, "uvicorn>=0.54,<1", "websockets>=16,<18"), (*UVICORN, "naive:app")
            ),
        ),
        Candidate("flask-socketio-gevent", "Flask-SocketIO, gevent", _flask_socketio("gevent")),
        Candidate(
            "flask-socketio-threading", "Flask-SocketIO, threading", _flask_socketio("threading")
        ),
        Candidate(
            "flask-socketio-eventlet", "Flask-SocketIO, eventlet", _flask_socketio("eventlet")
        ),
        Candidate("node", "Node, socket.io", NodePeer("plain.js")),
        Candidate(
            "node-eiows",
            "Node, socket.io, eiows",
            NodePeer("plain.js", "eiows", {"WS_ENGINE": "eiows"}),
        ),
        Candidate("node-contract", "Node, same contract", NodePeer("contract.js")),
        Candidate(
            "raw-uvicorn",
            "raw uvicorn, websockets",
            PythonPeer(
                ("uvicorn>=0.54,<1", "websockets>=16,<18", "uvloop>=0.22,<1", "httptools>=0.8,<1"),
                (*UVICORN, "--ws-per-message-deflate", "false", "raw_uvicorn:app"),
            ),
        ),
        Candidate(
            "raw-picows",
            "raw picows",
            PythonPeer(("picows>=2.3,<3", "uvloop>=0.22,<1"), ("raw_picows.py",)),
        ),
        Candidate("raw-ws", "raw Node, ws", NodePeer("raw.js")),
        Candidate(
            "gthread",
            "Flask, gunicorn gthread",
            PythonPeer(
                ("flask>=3.1,<4", "gunicorn>=26,<28"),
                (*GUNICORN, "--threads", "8", "flask_app:app"),
            ),
        ),
        Candidate(
            "gthread-logged",
            "Flask, gunicorn gthread, access log",
            PythonPeer(
                ("flask>=3.1,<4", "gunicorn>=26,<28"),
                (*GUNICORN, "--threads", "8", "--access-logfile", "-", "flask_app:app"),
            ),
        ),
    )
}
