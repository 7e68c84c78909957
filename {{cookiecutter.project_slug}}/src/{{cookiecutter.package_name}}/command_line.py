"""The command line."""

from __future__ import annotations

from pathlib import Path

import click

from .backends import commands, open_backends
from .commands import examine_further, further_commands
from .runtime.doctor import Doctor
from .runtime.environment import SettingsError
from .runtime.frames import frame_limit
from .runtime.logs import configure_logging
from .runtime.serve import ServeOptions, claim_port
from .runtime.servers import serve_development, serve_production
from .runtime.tokens import mint
from .settings import PACKAGE, Settings, load_settings, settings_or_exit

HOUR = 3600
MONTH = 31 * 24 * HOUR
VENDORED = Path(__file__).parent / "web" / "static" / "vendor" / "socket.io.esm.min.js"


@click.group(context_settings={"max_content_width": 100})
def main() -> None:
    """Run the service, and what belongs to it. Settings come from the environment."""


@main.command()
@click.option("--reload", is_flag=True, help="Restart when the source changes (development).")
def serve(reload: bool) -> None:
    """Serve on HOST:PORT, with WEB_CONCURRENCY workers."""
    options = _serve_options(settings_or_exit())
    if reload:
        click.echo(f"Open {options.url} (Ctrl-C stops)")
        serve_development(options, Path(__file__).parent)
    else:
        serve_production(options)


def _serve_options(settings: Settings) -> ServeOptions:
    try:
        port = claim_port(settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise click.ClickException(
            f"cannot serve on {where}: {error.strerror}; set HOST or PORT, or stop what runs there"
        ) from None
    configure_logging(settings.log_level, settings.log_format)
    return ServeOptions(
        app=f"{PACKAGE}.app:create_app",
        name=PACKAGE,
        host=settings.host,
        port=port,
        server=settings.server,
        frame_limit=frame_limit(settings.max_message_bytes),
        drain_seconds=settings.drain_seconds,
        log_level=settings.log_level,
        log_format=settings.log_format,
    )


@main.command()
@click.option("--user", required=True, help="The subject: who the token is for.")
@click.option("--scope", default="chat", show_default=True, help="Scopes, separated by spaces.")
@click.option(
    "--lifetime",
    default=HOUR,
    show_default=True,
    type=click.IntRange(1, MONTH),
    help="Seconds until it expires.",
)
@click.option("--rooms", help="Patterns of the rooms it opens, separated by commas; else all.")
def token(user: str, scope: str, lifetime: int, rooms: str | None) -> None:
    """Print a token, signed with APP_JWT_SECRET."""
    if not 1 <= len(user) <= 255 or not user.isprintable():
        raise click.BadParameter("1 to 255 printable characters", param_hint="--user")
    patterns = None if rooms is None else [room.strip() for room in rooms.split(",")]
    click.echo(_signed(settings_or_exit(), user, scope, lifetime, patterns))


def _signed(
    settings: Settings, user: str, scope: str, lifetime: int, rooms: list[str] | None = None
) -> str:
    if settings.jwt_secret is None or not settings.hmac_algorithms:
        raise click.ClickException(
            "only the issuer behind APP_JWT_JWKS_URL can sign tokens for this service"
        )
    return mint(
        settings.jwt_secret.reveal(),
        algorithm=settings.hmac_algorithms[0],
        user=user,
        scope=scope,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        lifetime=lifetime,
        rooms=rooms,
    )


@main.command()
@click.argument("ticks", nargs=-1, metavar="SYMBOL=PRICE...")
@click.option("--url", help="Of the service; http://HOST:PORT if it is not given.")
@click.option("--bearer", envvar="TOKEN", help="With feed:write; else one is signed. [env: TOKEN]")
def publish(ticks: tuple[str, ...], url: str | None, bearer: str | None) -> None:
    """Publish ticks to a running service; without any, lines of JSON from the standard input:
    {"symbol": "ACME", "price": 101.25, "at": "2026-01-31T12:00:00Z"}, the time being optional."""
    from .publishing import publish_all

    settings = settings_or_exit()
    token = bearer or _signed(settings, "publisher", "feed:write", HOUR)
    taken = publish_all(url or f"http://{settings.host}:{settings.port}", token, ticks)
    click.echo(f"{taken} published")


@main.command()
@click.option(
    "--out",
    default=Path("contract"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory to write to.",
)
def contract(out: Path) -> None:
    """Write AsyncAPI, OpenAPI and the TypeScript types."""
    from .http.contract import write_contract

    for path in write_contract(out):
        click.echo(path)


@main.command()
def doctor() -> None:
    """Check the settings and what they point to; say what to do."""
    report = Doctor(click.echo)
    try:
        settings = load_settings()
    except SettingsError as error:
        for problem in error.problems:
            report.problem("settings", problem)
    else:
        _examine(settings, report)
    if not report.well:
        raise SystemExit(1)


def _examine(settings: Settings, report: Doctor) -> None:
    report.ok("settings", f"for {settings.env}")
    report.ok("tokens", f"{', '.join(settings.jwt_algorithms)}, audience {settings.jwt_audience}")
    report.ok("origins", ", ".join(settings.allowed_origins) or "only this service's own pages")
    report.ok("serializer", f"{settings.serializer}, of Socket.IO's packets")
    report.port(settings.host, settings.port)
    if settings.shows_console:
        report.file("console", VENDORED, "run: make assets")

    async def backends() -> None:
        async with open_backends(
            settings.backends, prefix=PACKAGE, history_size=settings.history_size
        ) as opened:
            await report.answers(opened.checks)

    report.run("backends", backends)
    examine_further(settings, report)


for command in [*commands(lambda: settings_or_exit().backends), *further_commands()]:
    main.add_command(command)
