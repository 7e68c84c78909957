"""Revocations known to one worker."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from ...ports import IssuedToken
from ...runtime.mode import Lock

MAX_ENTRIES = 100_000
"""Revoked tokens, and as many subjects. Beyond, those revoked first are forgotten."""


class MemoryRevocations:
    """Implements :class:`~..ports.Revocations`."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._tokens: OrderedDict[str, None] = OrderedDict()
        self._subjects: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    async def revoke_token(self, jti: str) -> None:
        async with self._lock:
            self._tokens[jti] = None
            if len(self._tokens) > self._max_entries:
                self._tokens.popitem(last=False)

    async def revoke_subject(self, sub: str, issued_until: datetime) -> None:
        async with self._lock:
            self._subjects[sub] = max(issued_until, self._subjects.pop(sub, issued_until))
            if len(self._subjects) > self._max_entries:
                self._subjects.popitem(last=False)

    async def find_revoked(self, tokens: Sequence[IssuedToken]) -> list[IssuedToken]:
        return [t for t in tokens if await self.is_revoked(t.jti, t.sub, t.issued_at)]

    async def is_revoked(self, jti: str | None, sub: str, issued_at: datetime) -> bool:
        if jti is not None and jti in self._tokens:
            return True
        issued_until = self._subjects.get(sub)
        return issued_until is not None and issued_at <= issued_until
