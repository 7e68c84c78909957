"""The migrations in ``migrations/``: where they are, running them, and whether one is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from .driver import Driver
from .urls import PACKAGE, resolve

MIGRATE = f"python -m {PACKAGE} migrate"


class SchemaBehind(Exception):
    """The tables are not those that this version works with. The message says what to run."""


class Schema:
    """The versions of the tables that this source knows."""

    def __init__(self) -> None:
        revisions = ScriptDirectory(_directory()).walk_revisions()
        self._outdated = {revision.revision for revision in revisions if not revision.is_head}

    def check(self, connection: Connection, driver: Driver) -> None:
        """Accept the newest version, and any newer one: during a rollout old workers still run.

        :raises SchemaBehind: if a migration is due.
        """
        versions: set[str] = set()
        if connection.scalar(text(driver.has_versions)):
            versions.update(connection.scalars(text("SELECT version_num FROM alembic_version")))
        if not versions:
            raise SchemaBehind(f"the database has no tables yet; run: {MIGRATE}")
        if versions & self._outdated:
            raise SchemaBehind(f"a migration of the database is due; run: {MIGRATE}")


def upgrade(url: str | None) -> None:
    """Bring the tables to the newest version. Others who try the same wait, and find it done."""
    command.upgrade(configuration(url), "head")


@contextmanager
def migrating(url: str | None) -> Iterator[Connection]:
    """A transaction in which nobody else migrates. SQLite leaves foreign keys unchecked in it,
    because Alembic there alters a table by replacing it."""
    driver, resolved = resolve(url)
    engine = create_engine(resolved, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in driver.one_migration:
            connection.exec_driver_sql(statement)
        yield connection


def configuration(url: str | None) -> Config:
    """What Alembic's commands need to work on the database at `url`."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(_directory()).replace("%", "%%"))
    return config


def _directory() -> Path:
    """``migrations/`` next to ``src/``, or where the service runs (the image has it there)."""
    places = (Path(__file__).resolve().parents[4], Path.cwd())
    for place in places:
        if (place / "migrations" / "env.py").is_file():
            return place / "migrations"
    raise SchemaBehind("there is no migrations directory here; start in the project's directory")
