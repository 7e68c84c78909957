"""Ending tokens before their time."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Blueprint
from msgspec import UNSET, Meta, UnsetType

from ..domain.contract import Payload
from ..runtime.tokens import Name
from .dependencies import dependencies
from .operation import operation

bp = Blueprint("tokens", __name__)

TokenId = Annotated[Name, Meta(description="End this one token.")]
Subject = Annotated[Name, Meta(description="End every token issued to this user until now.")]


class Revocation(Payload, frozen=True):
    """Either ``jti`` or ``sub``."""

    jti: TokenId | UnsetType = UNSET
    sub: Subject | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.jti is UNSET) == (self.sub is UNSET):
            raise ValueError("give either jti or sub")


OneOf = Annotated[
    Revocation,
    Meta(
        examples=[{"jti": "8yB2xQ"}],
        extra_json_schema={"oneOf": [{"required": ["jti"]}, {"required": ["sub"]}]},
    ),
]


class Revoked(msgspec.Struct, frozen=True):
    revoked: OneOf


@bp.post("/api/v1/tokens/revoke")
@operation("Revoke tokens", scope="admin")
async def revoke_tokens(body: OneOf) -> Revoked:
    """In force when the answer comes; live sockets of the tokens end on every worker within a
    second. Revoking again does no harm."""
    service = dependencies().tokens
    if body.jti is not UNSET:
        await service.revoke_token(body.jti)
    elif body.sub is not UNSET:
        await service.revoke_subject(body.sub)
    return Revoked(revoked=body)
