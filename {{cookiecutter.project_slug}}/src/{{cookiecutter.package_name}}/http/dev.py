"""Tokens for everybody who asks: only in development, where no identity provider is at hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Blueprint
from msgspec import Meta

from ..domain.contract import Payload
from ..runtime.tokens import Name, mint
from ..settings import Settings
from .dependencies import dependencies
from .operation import operation

bp = Blueprint("dev", __name__)

LIFETIME = 3600
"""Seconds."""

User = Annotated[Name, Meta(description="Becomes the subject.", examples=["ada"])]
Scope = Annotated[str, Meta(max_length=255, description="Separated by spaces.", examples=["chat"])]


class TokenRequest(Payload, frozen=True):
    user: User
    scope: Scope = "chat"


class Token(msgspec.Struct, frozen=True):
    """``expires_in`` is in seconds."""

    token: str
    expires_in: int


def is_offered(settings: Settings) -> bool:
    """Whether this service signs tokens itself: in development, and with a secret of its own."""
    return settings.env == "development" and settings.jwt_secret is not None


@bp.post("/dev/token")
@operation("Get a token (development only)")
async def make_token(body: TokenRequest) -> Token:
    """Signs a token for any user with any scope. The route does not exist in production."""
    settings = dependencies().settings
    assert settings.jwt_secret is not None  # noqa: S101 - see is_offered
    token = mint(
        settings.jwt_secret.reveal(),
        algorithm=settings.hmac_algorithms[0],
        user=body.user,
        scope=body.scope,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        lifetime=LIFETIME,
    )
    return Token(token=token, expires_in=LIFETIME)
