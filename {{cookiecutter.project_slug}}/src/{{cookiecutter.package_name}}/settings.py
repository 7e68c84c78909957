"""The settings of this service, from the environment. Add one: a field here, a line in README."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from .backends import BackendSettings, backend_problems
from .domain.policies import Rate
from .runtime.environment import Rule, Secret, SettingsError, load, refuse
from .runtime.serializers import SerializerName
from .runtime.server_settings import ServerSettings
from .runtime.tracing import problems as tracing_problems
from .sources import SourceSettings

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Hops = Annotated[int, Meta(ge=0, le=10)]
Bytes = Annotated[int, Meta(ge=1024, le=16 * 1024 * 1024)]
Leeway = Annotated[int, Meta(ge=0, le=300)]
Timeout = Annotated[float, Meta(ge=1, le=300)]
# the client is told whole seconds: a fraction would reach it as 0
PingSeconds = Annotated[int, Meta(ge=1, le=300)]
DrainSeconds = Annotated[float, Meta(ge=1, le=600)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
HttpUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?(?![\s\S])",
        description="an address such as https://issuer.example/keys, without a password",
    ),
]
QuotesUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?(?![\s\S])",
        description="an address such as https://quotes.example/{symbol}, without a password",
    ),
]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^(\*|https?://[a-z0-9.:\[\]-]+)(?![\s\S])",
        description="an origin such as https://chat.example, in lower case and without a path",
    ),
]
Algorithm = Literal["HS256", "HS384", "HS512", "RS256", "RS512", "ES256", "EdDSA"]
Transport = Literal["websocket", "polling"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]

PACKAGE = (__package__ or "").partition(".")[0]
UNPREFIXED = frozenset({"host", "port", "web_concurrency", *BackendSettings.__struct_fields__})
SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""A secret as long as the hash, as RFC 7518 §3.2 asks for."""
PLACEHOLDERS = ("change", "default", "example", "insecure", "password", "replace", "your")
"""What a secret copied from somebody's documentation begins with."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are in bytes, times in seconds."""

    env: Literal["development", "test", "production"] = "production"
    host: Name = "127.0.0.1"
    port: Port = 8000
    server: ServerSettings
    backends: BackendSettings
    jwt_secret: Secret | None = None
    jwt_algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("HS256",)
    jwt_jwks_url: HttpUrl | None = None
    jwt_audience: Name = PACKAGE
    jwt_issuer: Name = PACKAGE
    jwt_leeway: Leeway = 0
    allowed_origins: tuple[Origin, ...] = ()
    transports: Annotated[tuple[Transport, ...], Meta(min_length=1)] = ("websocket",)
    serializer: SerializerName = "json"
    ping_interval: PingSeconds = 25
    ping_timeout: PingSeconds = 20
    max_message_bytes: Bytes = 65536
    max_send_bytes: Bytes = 1_048_576
    max_send_seconds: Timeout = 30
    connect_timeout: Timeout = 10
    max_connections_per_ip: Count = 200
    max_connections_per_user: Count = 20
    trusted_proxies: Hops = 0
    rate_handshake: Rate = Rate(120, 60, 60)
    rate_events: Rate = Rate(50, 1, 100)
    rate_message: Rate = Rate(120, 60, 20)
    rate_http: Rate = Rate(600, 60, 100)
    drain_seconds: DrainSeconds = 20
    history_size: Count = 1000
    source: SourceSettings
    quotes_url: QuotesUrl | None = None
    console: bool | None = None
    admin_ui: bool = False
    log_level: LogLevel = "info"
    log_style: LogFormat | None = msgspec.field(default=None, name="log_format")

    @property
    def hmac_algorithms(self) -> list[str]:
        return [name for name in self.jwt_algorithms if name in SECRET_BYTES]

    @property
    def shows_console(self) -> bool:
        return self.env != "production" if self.console is None else self.console

    @property
    def log_format(self) -> LogFormat:
        return self.log_style or ("json" if self.env == "production" else "console")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment and, in development, from ``.env``.

    :param environ: instead of the environment of this process; no ``.env`` is read then.
    :raises SettingsError: with every wrong, unknown or unsafe setting.
    """
    production = os.environ.get("APP_ENV", "").strip() == "production"
    dotenv = Path(".env") if environ is None and not production else None
    return load(Settings, unprefixed=UNPREFIXED, environ=environ, dotenv=dotenv, rules=UNSAFE)


def settings_or_exit() -> Settings:
    """The settings; if there is anything wrong with them, say so on stderr and exit 2."""
    try:
        return load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def _backend_problems(settings: Settings) -> list[str]:
    workers = settings.server.web_concurrency
    return backend_problems(settings.backends, env=settings.env, workers=workers)


def _secret_bytes(settings: Settings) -> int:
    return max((SECRET_BYTES[name] for name in settings.hmac_algorithms), default=0)


def _secret_problems(settings: Settings) -> Iterator[str]:
    needed = _secret_bytes(settings)
    secret = settings.jwt_secret
    how = f"make one with: python -c 'import secrets; print(secrets.token_urlsafe({needed}))'"
    if needed and secret is None:
        yield f"APP_JWT_SECRET is missing; {how}"
    elif secret is not None and len(secret.reveal().encode()) < needed:
        yield f"APP_JWT_SECRET is shorter than {needed} bytes; {how}"


def _is_placeholder(settings: Settings) -> bool:
    return settings.jwt_secret is not None and settings.jwt_secret.reveal().lower().startswith(
        PLACEHOLDERS
    )


def _plain_http_to_elsewhere(settings: Settings) -> bool:
    url = urlsplit(settings.jwt_jwks_url or "")
    return url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1")


UNSAFE: tuple[Rule[Settings], ...] = (
    Rule(("env", "web_concurrency", *BackendSettings.__struct_fields__), _backend_problems),
    Rule(("jwt_secret", "jwt_algorithms"), _secret_problems),
    # OpenTelemetry reads its variables itself, wherever the settings come from
    Rule((), lambda _: tracing_problems()),
    refuse(
        "env",
        "jwt_secret",
        when=lambda s: s.env == "production" and _is_placeholder(s),
        problem="APP_JWT_SECRET is a placeholder; set random bytes",
    ),
    refuse(
        "web_concurrency",
        "transports",
        when=lambda s: s.server.web_concurrency > 1 and "polling" in s.transports,
        problem="APP_TRANSPORTS has polling, whose every request may reach another worker;"
        " use websocket alone, or WEB_CONCURRENCY=1",
    ),
    refuse(
        "env",
        "allowed_origins",
        when=lambda s: s.env == "production" and "*" in s.allowed_origins,
        problem="APP_ALLOWED_ORIGINS=* lets every web page connect in its visitors' name;"
        " list the origins of your pages",
    ),
    refuse(
        "allowed_origins",
        when=lambda s: "*" in s.allowed_origins and len(s.allowed_origins) > 1,
        problem="APP_ALLOWED_ORIGINS has * and others; remove one or the other",
    ),
    refuse(
        "jwt_algorithms",
        "jwt_jwks_url",
        when=lambda s: not s.jwt_jwks_url and len(s.hmac_algorithms) < len(s.jwt_algorithms),
        problem="APP_JWT_JWKS_URL is missing; algorithms other than HS* need the keys it names",
    ),
    refuse(
        "jwt_algorithms",
        "jwt_jwks_url",
        when=lambda s: bool(s.jwt_jwks_url) and len(s.hmac_algorithms) == len(s.jwt_algorithms),
        problem="APP_JWT_JWKS_URL has no effect with HS* algorithms alone;"
        " add the issuer's algorithm to APP_JWT_ALGORITHMS, or unset it",
    ),
    refuse(
        "env",
        "jwt_jwks_url",
        when=lambda s: s.env == "production" and _plain_http_to_elsewhere(s),
        problem="APP_JWT_JWKS_URL is http://, where anyone in between can exchange the keys; use https://",
    ),
)
"""What may not start, and why (guarantee G13)."""
