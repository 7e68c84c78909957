"""What the database adds to the service's command line."""

from __future__ import annotations

from collections.abc import Callable

import click
from sqlalchemy.exc import SQLAlchemyError

from .engine import reason
from .migrations import SchemaBehind, upgrade


def migrate_command(database_url: Callable[[], str | None]) -> click.Command:
    """The command ``migrate``.

    :param database_url: called when the command runs; may raise :exc:`click.ClickException`.
    """

    @click.command()
    def migrate() -> None:
        """Make or change the tables of DATABASE_URL as this version needs them."""
        try:
            upgrade(database_url())
        except SchemaBehind as error:
            raise click.ClickException(str(error)) from None
        except SQLAlchemyError as error:
            raise click.ClickException(f"the database: {reason(error)}") from None
        click.echo("the database is up to date")

    return migrate
