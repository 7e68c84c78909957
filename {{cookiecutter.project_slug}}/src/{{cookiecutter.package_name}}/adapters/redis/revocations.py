"""Revocations for all workers, in Redis."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ...domain.errors import Unavailable
from ...ports import IssuedToken
from ..memory import MemoryRevocations
from .link import RedisLink

_log = logging.getLogger(__name__)

KEPT_SECONDS = 400 * 86400
"""Longer than any token lives."""

# ARGV: issued until, as a Unix time; seconds to keep. The latest time counts.
_REVOKE_SUBJECT = """
local until_now = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
local latest = until_now > tonumber(ARGV[1]) and redis.call('GET', KEYS[1]) or ARGV[1]
redis.call('SET', KEYS[1], latest, 'EX', ARGV[2])
"""


class RedisRevocations:
    """Implements :class:`~..ports.Revocations`.

    A token found revoked once is remembered by this worker and needs Redis no more. While Redis
    fails, other tokens are let in: the alternative would be that nobody can connect. They can be
    revoked again when Redis is back.
    """

    def __init__(self, link: RedisLink, *, prefix: str) -> None:
        self._link = link
        self._prefix = f"{prefix}:revoked"
        self._revoke_subject = link.script(_REVOKE_SUBJECT)
        self._known = MemoryRevocations()
        self._blind = False

    async def revoke_token(self, jti: str) -> None:
        """:raises Unavailable: if only this worker knows of it."""
        await self._known.revoke_token(jti)
        await self._link.call(
            partial(self._link.client.set, self._token_key(jti), 1, ex=KEPT_SECONDS)
        )

    async def revoke_subject(self, sub: str, issued_until: datetime) -> None:
        """:raises Unavailable: if only this worker knows of it."""
        await self._known.revoke_subject(sub, issued_until)
        moment = repr(issued_until.timestamp())
        await self._revoke_subject((self._subject_key(sub),), (moment, KEPT_SECONDS))

    async def is_revoked(self, jti: str | None, sub: str, issued_at: datetime) -> bool:
        if await self._known.is_revoked(jti, sub, issued_at):
            return True
        try:
            token, subject = await self._link.call(partial(self._read, [(jti, sub)]))
        except Unavailable:
            self._note(blind=True)
            return False
        self._note(blind=False)
        if token is not None and jti is not None:
            await self._known.revoke_token(jti)
            return True
        return _covers(subject, issued_at)

    async def find_revoked(self, tokens: Sequence[IssuedToken]) -> list[IssuedToken]:
        names = [(token.jti, token.sub) for token in tokens]
        found = await self._link.call(partial(self._read, names))
        revoked = []
        for token, of_token, of_subject in zip(tokens, found[::2], found[1::2], strict=True):
            if of_token is not None or _covers(of_subject, token.issued_at):
                revoked.append(token)
        return revoked

    async def _read(self, tokens: Sequence[tuple[str | None, str]]) -> list[Any]:
        pipeline = self._link.client.pipeline(transaction=False)
        for jti, sub in tokens:
            pipeline.get(self._token_key(jti or ""))
            pipeline.get(self._subject_key(sub))
        return await pipeline.execute()

    def _token_key(self, jti: str) -> str:
        return f"{self._prefix}:token:{jti}"

    def _subject_key(self, sub: str) -> str:
        return f"{self._prefix}:subject:{sub}"

    def _note(self, *, blind: bool) -> None:
        if blind != self._blind:
            self._blind = blind
            if blind:
                _log.warning("revocations cannot be read: tokens revoked elsewhere are let in")
            else:
                _log.warning("revocations can be read again")


def _covers(issued_until: str | None, issued_at: datetime) -> bool:
    return issued_until is not None and issued_at.timestamp() <= float(issued_until)
