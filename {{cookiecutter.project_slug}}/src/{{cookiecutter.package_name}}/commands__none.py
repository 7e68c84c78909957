"""What joins the command line: nothing so far."""

from __future__ import annotations

import click

from .runtime.doctor import Doctor
from .settings import Settings


def further_commands() -> list[click.Command]:
    return []


def examine_further(settings: Settings, report: Doctor) -> None:
    """What the doctor looks at beside settings and backends."""
