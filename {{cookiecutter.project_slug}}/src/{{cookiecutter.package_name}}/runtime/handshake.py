"""Who may connect: every Socket.IO CONNECT is counted, authenticated and authorised here."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from . import mode
from .tokens import Claims, TokenRefused, TokenVerifier

_log = logging.getLogger(__name__)

VERIFY_TIMEOUT = 5.0
"""Seconds; more than the one key set fetch that a handshake may have to wait for."""


class HandshakeRefused(Exception):
    """A connection that is not let in.

    :param code: ``token_missing``, ``forbidden``, ``rate_limited``, … as in the contract.
    :param retry_after: seconds after which to try again.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"code": self.code}
        if self.retry_after is not None:
            data["retry_after"] = math.ceil(self.retry_after * 1000) / 1000
        return data


class Handshake:
    """Decides on one CONNECT at a time.

    :param limit: counts a handshake of an address; seconds to wait, 0.0: let in.
    :param is_crowded: whether an address has too many connections already.
    :param sockets_of: how many sockets a user has in a namespace.
    :param is_draining: whether this worker is on its way out.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        limit: Callable[[str], Awaitable[float]],
        is_crowded: Callable[[str], bool],
        sockets_of: Callable[[str, str], int],
        max_per_user: int,
        is_draining: Callable[[], bool],
    ) -> None:
        self._verifier = verifier
        self._limit = limit
        self._is_crowded = is_crowded
        self._sockets_of = sockets_of
        self._max_per_user = max_per_user
        self._is_draining = is_draining

    async def __call__(self, namespace: str, scope: str, address: str, auth: object) -> Claims:
        """The claims of the client, if it may enter `namespace`.

        :raises HandshakeRefused: if it may not.
        """
        if self._is_draining():
            raise HandshakeRefused("draining", "this worker is going down; connect again", 1.0)
        wait = await self._limit(address)
        if wait > 0:
            raise HandshakeRefused("rate_limited", "too many handshakes from your address", wait)
        if self._is_crowded(address):
            raise HandshakeRefused(
                "too_many_connections", "too many connections, here or from your address", 5.0
            )
        claims = await self.verify(auth.get("token") if isinstance(auth, Mapping) else None)
        if scope not in claims.scopes:
            raise HandshakeRefused("forbidden", f"{namespace} needs a token with scope {scope}")
        if self._sockets_of(namespace, claims.sub) >= self._max_per_user:
            raise HandshakeRefused("too_many_connections", "you have too many connections", 5.0)
        return claims

    async def verify(self, token: object) -> Claims:
        """The claims of `token`.

        :raises HandshakeRefused: if it is not good, or cannot be checked in time.
        """
        try:
            return await mode.within(VERIFY_TIMEOUT, partial(self._verifier.verify, token))
        except TokenRefused as refused:
            raise HandshakeRefused(refused.code, refused.message) from None
        except TimeoutError:
            _log.warning("a token could not be checked within %s s", VERIFY_TIMEOUT)
            raise HandshakeRefused(
                "token_invalid", "the token cannot be checked now; try again"
            ) from None
