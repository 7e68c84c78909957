"""Who looks, what the workers report meanwhile, and what has changed since."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from .. import mode
from ..server import RealtimeServer
from ..sessions import Sessions
from . import wording
from .reports import Report, Reporter

_log = logging.getLogger(__name__)

PATH = "/admin"
TOPIC = "admin"
SECONDS = 1.0
"""Between two reports."""
SILENCE = 5.0
"""Seconds after which nobody looks any more, or a worker is gone."""
MAX_WORKERS = 100
_LOOKING = b"looking"


class AdminView:
    """As long as somebody looks, on whichever worker, each worker reports once a second.

    :param publish: sends to the other workers, under a topic.
    """

    def __init__(
        self,
        server: RealtimeServer,
        sessions: Sessions,
        publish: Callable[[str, bytes], Awaitable[None]],
    ) -> None:
        self._server = server
        self._sessions = sessions
        self._publish = publish
        self._reporter = Reporter(server, sessions)
        self._looked_at = float("-inf")
        self._newcomers: set[str] = set()
        self._watching: set[str] = set()
        self._reports: dict[str, tuple[float, Report]] = {}
        self._lock = mode.Lock()

    def __len__(self) -> int:
        return len(self._newcomers) + len(self._watching) + len(self._reports)

    def arrived(self, sid: str) -> None:
        """A socket was let in, and is shown what there is after the next reports."""
        self._newcomers.add(sid)

    async def watch(self) -> None:
        """Report while somebody looks. Runs as long as the worker does."""
        while True:
            await mode.sleep(SECONDS)
            try:
                await self._tick()
            except Exception:  # looking must not be what ends it
                _log.exception("no report for the administrators")

    async def on_signal(self, data: bytes) -> None:
        if data == _LOOKING:
            self._looked_at = time.monotonic()
        elif self._watching or self._newcomers:
            await self._receive(msgspec.json.decode(data, type=Report))

    async def _tick(self) -> None:
        now = time.monotonic()
        for sids in (self._newcomers, self._watching):
            sids -= {sid for sid in list(sids) if self._sessions.get(sid) is None}
        newcomers = list(self._newcomers)
        if newcomers or self._watching:
            self._looked_at = now
            await self._publish(TOPIC, _LOOKING)
        else:
            self._reports.clear()
        if now - self._looked_at > SILENCE:
            return
        report = self._reporter.report()
        await self._publish(TOPIC, msgspec.json.encode(report))
        if newcomers or self._watching:
            await self._receive(report)
            await self._forget_silent(now)
            await self._welcome(newcomers)

    async def _receive(self, report: Report) -> None:
        async with self._lock:
            _, before = self._reports.get(report.worker, (0.0, None))
            if before is None and len(self._reports) >= MAX_WORKERS:
                return
            self._reports[report.worker] = (time.monotonic(), report)
        events = [wording.statistics(report, before)]
        if before is None:  # new to us: as if it had been empty
            before = msgspec.structs.replace(report, sockets=[])
        await self._tell(list(self._watching), [*events, *wording.changes(before, report)])

    async def _forget_silent(self, now: float) -> None:
        """Take out the sockets of workers that report no more."""
        for worker, (heard, report) in list(self._reports.items()):
            if now - heard > SILENCE:
                del self._reports[worker]
                empty = msgspec.structs.replace(report, sockets=[])
                await self._tell(list(self._watching), wording.changes(report, empty))

    async def _welcome(self, newcomers: list[str]) -> None:
        """Show what there is. Other workers have been asked a second ago, or are about to be."""
        for sid in newcomers:
            reports = [report for _, report in self._reports.values()]
            statistics = [wording.statistics(report, report) for report in reports]
            events = [wording.config(), *statistics, wording.everything(reports)]
            await self._tell([sid], events)
            self._newcomers.discard(sid)
            self._watching.add(sid)

    async def _tell(self, sids: Iterable[str], events: Iterable[tuple[str, Any]]) -> None:
        told = list(events)
        for sid in sids:
            for name, arguments in told:
                await self._server.emit(
                    name, arguments, room=sid, namespace=PATH, ignore_queue=True
                )
