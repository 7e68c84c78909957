"""What joins the command line: the worker."""

from __future__ import annotations

import click

from .adapters.jobs.broker import COUNT, GONE_SECONDS, workers_key
from .adapters.redis.link import RedisLink
from .runtime.doctor import Doctor
from .settings import PACKAGE, Settings, settings_or_exit


def further_commands() -> list[click.Command]:
    return [worker]


@click.command()
@click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Jobs done at once. For more than one core, start several workers.",
)
def worker(threads: int) -> None:
    """Do the jobs that the service queues, until SIGTERM."""
    from .worker import run_worker

    try:
        run_worker(settings_or_exit(), threads)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None


def examine_further(settings: Settings, report: Doctor) -> None:
    """What the doctor looks at beside settings and backends: whether a worker is there."""
    url = settings.backends.redis_url
    if url is None:
        report.ok("jobs", "done in the service itself, as REDIS_URL is not set")
        return

    async def workers() -> None:
        link = RedisLink(url.reveal())
        try:
            count = await link.script(COUNT)((workers_key(PACKAGE),), (GONE_SECONDS,))
        finally:
            await link.close()
        if count:
            report.ok("jobs", f"{count} at work")
        else:
            report.problem("jobs", "no worker is there; start one: make worker")

    report.run("jobs", workers)
