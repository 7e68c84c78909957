"""What joins the service where it is put together, beside chat and feed: nothing so far."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from flask import Flask

from .backends import Backends
from .domain.namespaces import FEED
from .ports import Audience
from .realtime.feed import FeedNamespace
from .runtime.sessions import Sessions
from .services.feed import Feed
from .settings import Settings


class Extensions:
    """`watches`: what runs as long as the worker does."""

    watches: Sequence[Callable[[], Awaitable[None]]] = ()

    def feed_namespace(self, feed: Feed, **machinery: Any) -> FeedNamespace:
        return FeedNamespace(FEED, feed, **machinery)

    def install(self, http: Flask) -> None:
        """Give the routes what they work with."""


@asynccontextmanager
async def open_extensions(
    settings: Settings, backends: Backends, audience: Audience, sessions: Sessions
) -> AsyncIterator[Extensions]:
    """:param audience: the sockets of ``/feed``, on every worker."""
    yield Extensions()
