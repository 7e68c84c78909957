"""A PostgreSQL for tests: the one at DATABASE_URL_TEST, else a private server on this machine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from .ports import free_port

START_SECONDS = 60
RUN_AS = "nobody" if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""


@dataclass
class PostgresServer:
    """A server of the tests' own; it trusts whoever connects from this machine."""

    url: str
    control: Sequence[str | Path]
    data: Path

    def restart(self) -> None:
        _run(*self.control, "-m", "immediate", "restart")

    def signal(self, number: int) -> None:
        """Send a signal to the server and to all that work for it, but to nobody else."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(first)], capture_output=True, text=True, check=True
        )
        for pid in (first, *map(int, listed.stdout.split())):
            os.kill(pid, number)


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases may be made; skips the test where there is none."""
    given = os.environ.get("DATABASE_URL_TEST")
    if given:
        yield given
        return
    with private_server() as server:
        yield server.url


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database on `server`."""
    name = f"test_{uuid4().hex}"
    address = make_url(server).set(drivername="postgresql")
    _administer(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        _administer(server, drop.format(sql.Identifier(name)))


def _administer(server: str, command: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command)


@contextmanager
def private_server() -> Iterator[PostgresServer]:
    """A new server on a free port of the loopback; skips the test where it is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL: set DATABASE_URL_TEST, or install its server programs")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        directory = Path(name)
        if RUN_AS:
            shutil.chown(directory, RUN_AS)
        data = directory / "data"
        _run(programs / "initdb", "-D", data, "-U", "test", "-A", "trust", "-N", "-E", "UTF8")
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' "
            "-c fsync=off -c max_connections=60"
        )
        control = (programs / "pg_ctl", "-D", data, "-w", "-t", str(START_SECONDS))
        _run(*control, "-l", directory / "log", "-o", options, "start")
        try:
            yield PostgresServer(f"postgresql://test@127.0.0.1:{port}/postgres", control, data)
        finally:
            _run(*control, "-m", "immediate", "stop")


def _programs() -> Path | None:
    """The directory of `initdb` and `postgres`; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts)
    paths = [Path(found)] if found else debian
    return paths[-1].resolve().parent if paths else None


def _run(*command: str | Path) -> None:
    subprocess.run(
        command,
        user=RUN_AS,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=2 * START_SECONDS,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
    )
