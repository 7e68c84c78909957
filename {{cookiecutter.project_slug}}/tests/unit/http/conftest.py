"""The HTTP application on fakes of the ports, reached through its gateway as by a server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import socketio

from {{cookiecutter.package_name}}.adapters.memory import (
    MemoryTickHistory,
    MemoryTickStore,
)
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.domain.events import Message, Position
from {{cookiecutter.package_name}}.domain.policies import Rate
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.http import HttpDependencies, create_http
from {{cookiecutter.package_name}}.ports import Appended, IssuedToken, Replay
from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.mode import ASYNC_MODE
from {{cookiecutter.package_name}}.runtime.tokens import TokenVerifier, mint
from {{cookiecutter.package_name}}.services.chat import Chat
from {{cookiecutter.package_name}}.services.feed import Feed
from {{cookiecutter.package_name}}.services.publisher import Publisher
from {{cookiecutter.package_name}}.services.quotes import Quotes
from {{cookiecutter.package_name}}.services.recorder import Recorder
from {{cookiecutter.package_name}}.services.tokens import Tokens
from {{cookiecutter.package_name}}.settings import PACKAGE, Settings, load_settings

from ...support.transport import transport_to

SECRET = "unit-tests-" + 40 * "x"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Log:
    """A message log with `size` messages in every room, or one that does not answer."""

    def __init__(self) -> None:
        self.size = 0
        self.down = False

    async def before(self, room: str, offset: int | None, limit: int) -> list[Message]:
        if self.down:
            raise Unavailable("message log", 1.2)
        newest = self.size if offset is None else min(self.size, offset - 1)
        return [
            Message(room, f"m-{n}", n, "e", "ada", "hi", NOW)
            for n in range(newest, max(0, newest - limit), -1)
        ]

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        raise NotImplementedError

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        raise NotImplementedError

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        raise NotImplementedError


class Limiter:
    """Admits everything until `wait` is set; writes down whom it was asked about."""

    def __init__(self) -> None:
        self.wait = 0.0
        self.asked: list[tuple[str, Rate, str]] = []

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        self.asked.append((name, rate, key))
        return self.wait

    async def hit_each(self, limits: Sequence[tuple[str, Rate]], key: str) -> float:
        return max([await self.hit(name, rate, key) for name, rate in limits])


class Revocations:
    def __init__(self) -> None:
        self.tokens: set[str | None] = set()
        self.subjects: dict[str, datetime] = {}

    async def revoke_token(self, jti: str) -> None:
        self.tokens.add(jti)

    async def revoke_subject(self, sub: str, issued_until: datetime) -> None:
        self.subjects[sub] = issued_until

    async def is_revoked(self, jti: str | None, sub: str, issued_at: datetime) -> bool:
        return jti in self.tokens or sub in self.subjects

    async def find_revoked(self, tokens: Sequence[IssuedToken]) -> list[IssuedToken]:
        return [t for t in tokens if t.jti in self.tokens or t.sub in self.subjects]


class Signals:
    async def publish(self, topic: str, signal: object) -> None:
        pass

    def subscribe(self, topic: str, handler: Callable[[bytes], Awaitable[None]]) -> None:
        pass

    def on_reconnect(self, handler: Callable[[], Awaitable[None]]) -> None:
        pass


class Sessions:
    def tokens(self) -> list[IssuedToken]:
        return []

    async def end_token(self, jti: str) -> int:
        return 0

    async def end_subject(self, sub: str, issued_until: datetime) -> int:
        return 0


class QuoteSource:
    """Knows what is in `prices`; an exception there is raised."""

    def __init__(self) -> None:
        self.prices: dict[str, float | Exception] = {}

    async def fetch(self, symbol: str) -> Tick:
        price = self.prices[symbol]
        if isinstance(price, Exception):
            raise price
        return Tick(symbol, price, NOW)


class Service:
    """One application and what lies beneath it. `client` asks it."""

    client: httpx.AsyncClient

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log, self.limiter, self.revocations = Log(), Limiter(), Revocations()
        self.checks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.drain = Drain(20)
        self.ticks, self.quotes = MemoryTickStore(), QuoteSource()
        anything: Any = None  # history reads the log and nothing else; nobody subscribes here
        self.history = MemoryTickHistory()
        self.recorder = Recorder(self.history)
        self.publisher = Publisher(self.ticks, self.recorder, Signals(), lambda: datetime.now(UTC))
        self.http = create_http(
            HttpDependencies(
                settings=settings,
                chat=Chat(self.log, anything, anything, anything, lambda: NOW, 100, 100_000),
                feed=Feed(self.ticks, anything, Signals()),
                publisher=self.publisher,
                history=self.history,
                quotes=Quotes(self.quotes if settings.quotes_url else None),
                tokens=Tokens(self.revocations, Sessions(), Signals(), lambda: NOW),
                verifier=self._verifier(),
                limiter=self.limiter,
                checks=self.checks,
                drain=self.drain,
            )
        )

    def _verifier(self) -> TokenVerifier:
        return TokenVerifier(
            algorithms=["HS256"],
            secret=SECRET,
            keys=None,
            audience=PACKAGE,
            issuer=PACKAGE,
            leeway=0,
            is_revoked=self.revocations.is_revoked,
        )

    def bearer(self, scope: str = "chat", **claims: Any) -> dict[str, str]:
        """A header with a good token."""
        token = mint(
            SECRET,
            algorithm="HS256",
            scope=scope,
            audience=PACKAGE,
            issuer=PACKAGE,
            **{"user": "ada", "lifetime": 60, **claims},
        )
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def serving(env: str = "development", **environ: str) -> AsyncIterator[Service]:
    """A service that is reached like by its server.

    :param env: set past the rules for a safe start, which want other backends than fakes.
    :param environ: settings other than the defaults of a development machine.
    """
    settings = load_settings({"APP_ENV": "development", "APP_JWT_SECRET": SECRET, **environ})
    service = Service(msgspec.structs.replace(settings, env=env))
    server = socketio.AsyncServer(async_mode=ASYNC_MODE)  # which no test here asks
    async with open_gateway(server, service.http, service.drain, polling=False) as app:
        transport = transport_to(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            service.client = client
            yield service


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error response, which must have `status` and `code`."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    return body


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as service:
        yield service
