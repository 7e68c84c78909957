"""How Alembic reaches the database: as the service does, or where ``migrate`` tells it to."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, DateTime

from {{cookiecutter.package_name}}.adapters.database.migrations import migrating
from {{cookiecutter.package_name}}.adapters.database.models import Base, UTCDateTime


def database_url() -> str | None:
    if "url" in context.config.attributes:
        url: str | None = context.config.attributes["url"]
        return url
    from {{cookiecutter.package_name}}.settings import load_settings

    secret = load_settings().backends.database_url
    return secret.reveal() if secret else None


def render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write the service's own types into a migration as what they are in the database."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return f"sa.{DateTime(timezone=True)!r}"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


with migrating(database_url()) as connection:
    run(connection)
