"""Runs the real service in its production command, for tests that talk to it from outside."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from {{cookiecutter.package_name}}.runtime.tokens import mint
from {{cookiecutter.package_name}}.settings import PACKAGE

from .ports import free_port

GIVEN = "TEST_APP_"
"""How variables begin that are for every service: ``TEST_APP_LOG_LEVEL=debug make test``."""
OWN = ("APP_", "DATABASE_", "OTEL_")
"""How variables begin that a service reads."""
START_TIMEOUT = 90.0
STOP_TIMEOUT = 30.0
GENEROUS = {f"APP_RATE_{limit}": "10000/1s" for limit in ("HANDSHAKE", "EVENTS", "MESSAGE", "HTTP")}
"""Limits that tests of other things do not run into."""


@dataclass
class Service:
    """A running service; `secret` signs its tokens."""

    url: str
    secret: str
    process: subprocess.Popen[bytes]
    log: Path
    env: Mapping[str, str] = field(repr=False)

    def token(
        self,
        user: str = "ada",
        scope: str = "chat",
        *,
        lifetime: int = 300,
        rooms: Sequence[str] | None = None,
        audience: str = PACKAGE,
        issuer: str = PACKAGE,
        algorithm: str = "HS256",
        secret: str | None = None,
    ) -> str:
        return mint(
            secret or self.secret,
            algorithm=algorithm,
            user=user,
            scope=scope,
            audience=audience,
            issuer=issuer,
            lifetime=lifetime,
            rooms=rooms,
        )

    def output(self) -> str:
        """Everything the service has logged so far."""
        return self.log.read_text(errors="replace")

    def terminate(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT)


@contextmanager
def running_service(env: Mapping[str, str] | None = None) -> Iterator[Service]:
    """The service on a free port of the loopback, with `env` over a test's defaults."""
    port = free_port()
    secret = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "service.log"
        variables = {
            # Nothing of the caller's own settings may reach the service.
            **{k: v for k, v in os.environ.items() if not k.startswith(OWN)},
            "APP_ENV": "test",
            "APP_JWT_SECRET": secret,
            "APP_LOG_FORMAT": "json",
            "APP_DRAIN_SECONDS": "5",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
            **GENEROUS,
            **{k.removeprefix("TEST_"): v for k, v in os.environ.items() if k.startswith(GIVEN)},
            **(env or {}),
        }
        if "REDIS_URL" not in (env or {}):
            variables.pop("REDIS_URL", None)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", PACKAGE, "serve"],
                env=variables,
                cwd=directory,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        service = Service(f"http://127.0.0.1:{port}", secret, process, log, variables)
        try:
            _wait_until_live(service)
            yield service
        finally:
            _stop(process)


def _wait_until_live(service: Service) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{service.url}/healthz", timeout=1):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{service.output()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
