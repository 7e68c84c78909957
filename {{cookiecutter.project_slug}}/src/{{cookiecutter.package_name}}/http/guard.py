"""Who may call a route, and how often."""

from __future__ import annotations

from flask import request

from ..domain.errors import Refused
from ..runtime import mode
from ..runtime.tokens import Claims, TokenRefused
from .dependencies import dependencies
from .errors import InsufficientScope

VERIFY_TIMEOUT = 5.0
"""Seconds; more than the one key set fetch that a request may have to wait for."""


async def limit() -> None:
    """Count the current request against its client's address.

    :raises Refused: ``rate_limited``.
    """
    deps = dependencies()
    wait = await deps.limiter.hit("http", deps.settings.rate_http, request.remote_addr or "")
    if wait > 0:
        raise Refused("rate_limited", f"too many requests; try again in {wait:.1f} s", wait)


async def authenticate(scope: str) -> Claims:
    """The claims of the bearer token of the current request, which must have `scope`.

    :raises TokenRefused: if there is no good token.
    :raises Refused: ``forbidden``; or ``overloaded``, if it cannot be checked in time.
    """
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer" or not credentials.token:
        raise TokenRefused("token_missing", "send the header Authorization: Bearer <token>")
    try:
        async with mode.timeout(VERIFY_TIMEOUT):
            claims = await dependencies().verifier.verify(credentials.token)
    except TimeoutError:
        raise Refused("overloaded", "the token cannot be checked now; try again", 1.0) from None
    if scope not in claims.scopes:
        raise InsufficientScope(scope)
    return claims
