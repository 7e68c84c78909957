"""The namespace ``/feed``."""

from __future__ import annotations

from typing import Any

from ..domain.contract import Namespace
from ..domain.events import (
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from ..runtime.sessions import Session
from ..services.feed import Feed
from .authenticated import AuthenticatedNamespace


class FeedNamespace(AuthenticatedNamespace):
    """Hands the events of ``/feed`` to the :class:`~..services.feed.Feed` service."""

    def __init__(self, contract: Namespace, feed: Feed, **machinery: Any) -> None:
        super().__init__(contract, **machinery)
        self._feed = feed

    async def on_subscribe(self, session: Session, command: Subscribe) -> Subscribed:
        return await self._feed.subscribe(session.sid, command)

    async def on_unsubscribe(self, session: Session, command: Unsubscribe) -> Unsubscribed:
        return await self._feed.unsubscribe(session.sid, command)

    async def gone(self, session: Session) -> None:
        await self._feed.gone(session.sid)
