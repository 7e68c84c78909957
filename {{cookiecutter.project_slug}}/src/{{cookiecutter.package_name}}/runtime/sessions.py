"""The authenticated sockets of this worker, and the moment each of them ends."""

from __future__ import annotations

import heapq
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from . import mode
from .tokens import Claims

_log = logging.getLogger(__name__)

EXPIRY_WARNING = 60.0
"""Seconds before its end at which a client hears that its token expires."""
HANDSHAKE_SECONDS = 30.0
"""Longer than any handshake takes, from the check for revocation to :meth:`Sessions.add`."""
TICK = 0.25
"""Seconds between two looks at what has expired: one timer a worker, none a socket."""


@dataclass(slots=True, eq=False)
class Session:
    """One client in one namespace.

    :param connection: id of the Engine.IO connection, which other namespaces may share.
    :param ends_at: Unix time at which its token ends.
    """

    sid: str
    connection: str
    namespace: str
    address: str
    claims: Claims
    ends_at: float
    user: str = field(init=False)
    """Subject of its token, which stays the same with newer ones."""
    warned: bool = False
    under_way: int = 0
    """Handlers that work for it."""
    ended: bool = False
    outlasted: bool = False
    """Whether a handler was under way at its end: cleaning up is left to that one."""

    def __post_init__(self) -> None:
        self.user = self.claims.sub


Condemned = Callable[[Session], bool]


class Sessions:
    """Registry of :class:`Session`, bounded by what connections are let in.

    :param end: ends a session's socket; called once a session has expired or was revoked.
    :param warn: tells a client how many seconds its token is still good for.
    """

    def __init__(
        self,
        end: Callable[[Session], Awaitable[None]],
        warn: Callable[[Session, int], Awaitable[None]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._end = end
        self._warn = warn
        self._now = now
        self._by_sid: dict[str, Session] = {}
        self._per_user: Counter[tuple[str, str]] = Counter()
        self._due: list[tuple[float, str]] = []
        self._revoked: deque[tuple[float, Condemned]] = deque(maxlen=1000)
        self._guard = mode.Guard()

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_sid.values()))

    def tokens(self) -> list[Claims]:
        """The token of each session."""
        return [session.claims for session in self]

    def get(self, sid: str) -> Session | None:
        return self._by_sid.get(sid)

    def count(self, namespace: str, user: str) -> int:
        """How many sockets `user` has in `namespace` on this worker."""
        return self._per_user[namespace, user]

    def add(self, session: Session) -> None:
        """Take in a session. If it was revoked during its handshake, it ends at the next tick."""
        with self._guard:
            self._by_sid[session.sid] = session
            self._per_user[session.namespace, session.user] += 1
            lately = self._now() - HANDSHAKE_SECONDS
            if any(when > lately and condemned(session) for when, condemned in self._revoked):
                session.ends_at = self._now()
            self._schedule(session)

    def remove(self, sid: str) -> Session | None:
        with self._guard:
            session = self._by_sid.pop(sid, None)
            if session is not None:
                session.ended, session.outlasted = True, session.under_way > 0
                key = (session.namespace, session.user)
                self._per_user[key] -= 1
                if not self._per_user[key]:
                    del self._per_user[key]
            return session

    def begin(self, session: Session) -> bool:
        """A handler begins to work for `session`; false if that has ended."""
        with self._guard:
            session.under_way += not session.ended
            return not session.ended

    def finish(self, session: Session) -> bool:
        """A handler is done; true if it has to clean up, as the session ended meanwhile."""
        with self._guard:
            session.under_way -= 1
            return session.outlasted and not session.under_way

    def renew(self, session: Session, claims: Claims, ends_at: float) -> None:
        """Let a session live on with a newer token of the same subject."""
        with self._guard:
            session.claims, session.ends_at, session.warned = claims, ends_at, False
            self._schedule(session)

    async def end_token(self, jti: str) -> int:
        return await self._end_all(lambda session: session.claims.jti == jti)

    async def end_subject(self, sub: str, issued_until: datetime) -> int:
        return await self._end_all(
            lambda session: session.user == sub and session.claims.issued_at <= issued_until
        )

    async def watch(self) -> None:
        """Warn and end sessions when it is time. Runs as long as the worker does."""
        while True:
            await mode.sleep(TICK)
            await self.tick()

    async def tick(self) -> None:
        now = self._now()
        for session in self._take_due(now):
            try:
                if session.ends_at <= now:
                    await self._end(session)
                else:
                    await self._warn(session, max(1, round(session.ends_at - now)))
            except Exception:  # one socket's failure must not keep the others alive
                _log.exception("could not end or warn a session")

    def _take_due(self, now: float) -> list[Session]:
        """The sessions to end, and those to warn, which then are scheduled for their end."""
        found = []
        with self._guard:
            while self._due and self._due[0][0] <= now:
                _, sid = heapq.heappop(self._due)
                session = self._by_sid.get(sid)
                if session is None:
                    continue
                if session.ends_at <= now:
                    found.append(session)
                elif not session.warned and session.ends_at - EXPIRY_WARNING <= now:
                    session.warned = True
                    self._schedule(session)
                    found.append(session)
            # what renewals and departures left behind
            if len(self._due) > 64 + 4 * len(self._by_sid):
                self._due = []
                for session in self._by_sid.values():
                    self._schedule(session)
        return found

    def _schedule(self, session: Session) -> None:
        moment = session.ends_at if session.warned else session.ends_at - EXPIRY_WARNING
        heapq.heappush(self._due, (moment, session.sid))

    async def _end_all(self, condemned: Condemned) -> int:
        with self._guard:
            self._revoked.append((self._now(), condemned))
            sessions = [session for session in self._by_sid.values() if condemned(session)]
        for session in sessions:
            await self._end(session)
        return len(sessions)
