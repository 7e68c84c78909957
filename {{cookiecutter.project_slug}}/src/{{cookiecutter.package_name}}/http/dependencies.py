"""What the routes work with: given to the application once, asked for where it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from ..ports import Limiter, TickHistory
from ..runtime.drain import Drain
from ..runtime.tokens import TokenVerifier
from ..services.chat import Chat
from ..services.feed import Feed
from ..services.publisher import Publisher
from ..services.quotes import Quotes
from ..services.tokens import Tokens
from ..settings import Settings

Check = Callable[[], Awaitable[None]]
"""A readiness check; raises when what it looks at is bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDependencies:
    settings: Settings
    chat: Chat
    feed: Feed
    publisher: Publisher
    history: TickHistory
    quotes: Quotes
    tokens: Tokens
    verifier: TokenVerifier
    limiter: Limiter
    checks: Mapping[str, Check]
    drain: Drain


def provide(app: Flask, deps: HttpDependencies) -> None:
    app.extensions["dependencies"] = deps


def dependencies() -> HttpDependencies:
    """The dependencies of the application that serves the current request."""
    return cast(HttpDependencies, current_app.extensions["dependencies"])
