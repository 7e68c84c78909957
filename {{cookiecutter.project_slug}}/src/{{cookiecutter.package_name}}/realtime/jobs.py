"""What jobs add to the namespace ``/feed``."""

from __future__ import annotations

from typing import Any

from ..domain.contract import Namespace
from ..domain.jobs import Export, Exporting
from ..runtime.sessions import Session
from ..services.feed import Feed
from ..services.jobs import Jobs
from .feed import FeedNamespace


class FeedWithJobs(FeedNamespace):
    """Hands ``export`` to the :class:`~..services.jobs.Jobs` service."""

    def __init__(self, contract: Namespace, feed: Feed, jobs: Jobs, **machinery: Any) -> None:
        self._jobs = jobs
        super().__init__(contract, feed, **machinery)

    async def on_export(self, session: Session, command: Export) -> Exporting:
        return await self._jobs.export(session.user, command)
