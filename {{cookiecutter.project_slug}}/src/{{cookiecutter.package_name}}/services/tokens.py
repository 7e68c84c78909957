"""Ending tokens before their time, on every worker."""

from __future__ import annotations

import logging
from datetime import datetime

import msgspec

from ..ports import Clock, LiveSessions, Revocations, Signals

_log = logging.getLogger(__name__)

TOPIC = "revocations"
CHECKED_AT_ONCE = 500


class _Revocation(msgspec.Struct, frozen=True):
    jti: str | None = None
    sub: str | None = None
    issued_until: datetime | None = None


class Tokens:
    """Revokes tokens and ends the sockets that live on them."""

    def __init__(
        self, revocations: Revocations, sessions: LiveSessions, signals: Signals, clock: Clock
    ) -> None:
        self._revocations = revocations
        self._sessions = sessions
        self._signals = signals
        self._clock = clock
        signals.subscribe(TOPIC, self._on_signal)
        signals.on_reconnect(self.check)

    async def revoke_token(self, jti: str) -> None:
        """End one token everywhere."""
        await self._revocations.revoke_token(jti)
        await self._announce(_Revocation(jti=jti))

    async def revoke_subject(self, sub: str) -> None:
        """End every token that `sub` has now, everywhere. Tokens issued later are good."""
        now = self._clock()
        await self._revocations.revoke_subject(sub, now)
        await self._announce(_Revocation(sub=sub, issued_until=now))

    async def check(self) -> None:
        """End the sockets whose tokens were revoked while this worker could not hear of it."""
        tokens = self._sessions.tokens()
        for start in range(0, len(tokens), CHECKED_AT_ONCE):
            batch = tokens[start : start + CHECKED_AT_ONCE]
            for token in await self._revocations.find_revoked(batch):
                if token.jti is not None:
                    await self._apply(_Revocation(jti=token.jti))
                else:
                    await self._apply(_Revocation(sub=token.sub, issued_until=token.issued_at))

    async def _announce(self, revocation: _Revocation) -> None:
        await self._signals.publish(TOPIC, revocation)
        await self._apply(revocation)

    async def _on_signal(self, data: bytes) -> None:
        await self._apply(msgspec.json.decode(data, type=_Revocation))

    async def _apply(self, revocation: _Revocation) -> None:
        ended = 0
        if revocation.jti is not None:
            ended = await self._sessions.end_token(revocation.jti)
        elif revocation.sub is not None and revocation.issued_until is not None:
            ended = await self._sessions.end_subject(revocation.sub, revocation.issued_until)
        _log.info("token revoked: %d sockets ended", ended)
