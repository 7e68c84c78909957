"""A PostgreSQL for tests: the one at DATABASE_URL_TEST, else a private server on this machine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from .service import free_port

START_SECONDS = 60


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server on which databases may be made; skips the test where there is none."""
    given = os.environ.get("DATABASE_URL_TEST")
    if given:
        yield given
        return
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL: set DATABASE_URL_TEST, or install its server programs")
    with tempfile.TemporaryDirectory(prefix="postgres-") as directory:
        yield from _private_server(programs, Path(directory))


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database on `server`."""
    name = f"test_{uuid4().hex}"
    address = make_url(server).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield address.set(database=name).render_as_string(hide_password=False)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            admin.execute(drop.format(sql.Identifier(name)))


def _programs() -> Path | None:
    """The directory of `initdb` and `postgres`; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts)
    paths = [Path(found)] if found else debian
    return paths[-1].resolve().parent if paths else None


def _private_server(programs: Path, directory: Path) -> Iterator[str]:
    port = free_port()
    user = _unprivileged_user()
    if user:  # PostgreSQL refuses to run as root
        shutil.chown(directory, user)
    data = directory / "data"
    _run(user, programs / "initdb", "-D", data, "-U", "test", "-A", "trust", "-N", "-E", "UTF8")
    options = (
        f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' "
        "-c fsync=off -c max_connections=60"
    )
    control = (programs / "pg_ctl", "-D", data, "-w", "-t", str(START_SECONDS))
    _run(user, *control, "-l", directory / "log", "-o", options, "start")
    try:
        yield f"postgresql://test@127.0.0.1:{port}/postgres"
    finally:
        _run(user, *control, "-m", "immediate", "stop")


def _unprivileged_user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _run(user: str | None, *command: str | Path) -> None:
    subprocess.run(
        command,
        user=user,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=2 * START_SECONDS,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
    )
