"""What Redis adds to the service's command line."""

from __future__ import annotations

import resource
from math import isnan

import click

from ...runtime.capacity import CAPACITY
from ...runtime.plan import SHARE, Demand, TooMuch, make_plan, warnings
from ...runtime.server_settings import ServerSettings

MB = 1_000_000


@click.command()
@click.option(
    "--users", required=True, type=click.IntRange(1, 100_000_000), help="Connections at once."
)
@click.option(
    "--rate",
    required=True,
    type=click.FloatRange(0, 1e9),
    help="Messages a second, of all users together.",
)
@click.option(
    "--audience",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="How many get each message: the members of its room.",
)
@click.option(
    "--connections",
    default=ServerSettings().max_connections,
    show_default=True,
    envvar="APP_MAX_CONNECTIONS",
    type=click.IntRange(1, 1_000_000),
    help="Of one worker, at most. [env: APP_MAX_CONNECTIONS]",
)
def plan(users: int, rate: float, audience: int, connections: int) -> None:
    """Print how many workers so many users need, and what they ask of Redis (docs/sizing.md)."""
    if isnan(rate):
        raise click.BadParameter("a number", param_hint="--rate")
    if audience > users:
        raise click.BadParameter(f"{audience} of {users} users", param_hint="--audience")
    demand = Demand(users=users, rate=rate, audience=audience)
    try:
        made = make_plan(demand, CAPACITY, connections)
    except TooMuch as error:
        raise click.ClickException(str(error)) from None
    needed = made.workers - 1
    click.echo(f"{users:,} connections; {rate:,.0f} messages a second, each to {audience:,}\n")
    for name, value, why in (
        (
            "workers",
            f"{made.workers:,}",
            f"{made.workers_for_connections:,} for the connections,"
            f" {made.workers_for_messages:,} for the messages, so {needed:,}, and one that may be"
            " missing",
        ),
        ("CPU", f"{made.worker_share:.0%}", f"of a core for each; planned with up to {SHARE:.0%}"),
        ("memory", f"{made.memory / MB:,.0f} MB", f"{made.memory / made.workers / MB:,.0f} each"),
        ("open files", f"{made.descriptors:,}", "of a worker; a proxy needs two a connection"),
        ("coming back", f"{made.return_seconds:,.0f} s", "for the users of a worker that is gone"),
        ("Redis", f"{made.redis_share:.0%}", f"of its core; {made.redis_commands:,.0f} commands/s"),
        ("network", f"{made.redis_bytes / MB:,.1f} MB/s", "in and out of Redis"),
    ):
        click.echo(f"  {name:12}{value:>12}  {why}")
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for warning in warnings(made, demand, allowed):
        click.echo(f"\nwarning: {warning}")
