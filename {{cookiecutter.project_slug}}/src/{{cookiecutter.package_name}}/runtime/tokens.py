"""Who a client is: JSON Web Tokens, checked against pinned algorithms and required claims."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol

import jwt
import msgspec
from msgspec import Meta

from .jwks import KeysUnavailable, UnknownKey

TokenCode = Literal["token_missing", "token_invalid", "token_expired", "token_revoked"]
REQUIRED_CLAIMS = ("exp", "iat", "sub", "aud", "iss")
MAX_TOKEN_BYTES = 8192
IAT_TOLERANCE = 5.0
"""Seconds an issuer's clock may run ahead whatever the leeway: fresh tokens must work at once."""
# Printable: names become keys, rooms and log fields. The upper time is the year 9999.
Name = Annotated[
    str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]+$")
]
UnixTime = Annotated[float, Meta(ge=0, le=253402300799)]


class Claims(msgspec.Struct, frozen=True):
    """What a valid token says. Times are Unix seconds."""

    sub: Name
    iat: UnixTime
    exp: UnixTime
    jti: Name | None = None
    scope: str = ""
    rooms: Annotated[list[str], Meta(max_length=100)] | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def issued_at(self) -> datetime:
        return datetime.fromtimestamp(self.iat, UTC)

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, UTC)


class TokenRefused(Exception):
    """A token that does not open the door.

    :param code: one of :data:`TokenCode`.
    :param message: why, without any part of the token.
    """

    def __init__(self, code: TokenCode, message: str) -> None:
        super().__init__(message)
        self.code: TokenCode = code
        self.message = message


class KeySource(Protocol):
    """Finds public keys by key id; see :class:`~.jwks.JwksClient`."""

    async def key(self, kid: str | None) -> jwt.PyJWK: ...


class IsRevoked(Protocol):
    def __call__(self, jti: str | None, sub: str, issued_at: datetime) -> Awaitable[bool]: ...


class TokenVerifier:
    """Verifies bearer tokens.

    :param algorithms: the only ones accepted; what a token's header asks for is never trusted.
    :param secret: key of the HS* algorithms.
    :param keys: where the public keys of the other algorithms come from.
    :param leeway: tolerated difference between clocks, in seconds.
    """

    def __init__(
        self,
        *,
        algorithms: Collection[str],
        secret: str | None,
        keys: KeySource | None,
        audience: str,
        issuer: str,
        leeway: float,
        is_revoked: IsRevoked,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._algorithms = frozenset(algorithms)
        self._secrets = {
            algorithm: _prepared(secret, algorithm)
            for algorithm in self._algorithms
            if secret is not None and algorithm.startswith("HS")
        }
        self._keys = keys
        self._audience = audience
        self._issuer = issuer
        self._leeway = leeway
        self._is_revoked = is_revoked
        self._now = now

    async def verify(self, token: object) -> Claims:
        """The claims of `token`.

        :raises TokenRefused: if it is missing, malformed, forged, expired, revoked or not for us.
        """
        if token is None or token == "":
            raise TokenRefused("token_missing", 'connect with auth: {"token": "…"}')
        if not isinstance(token, str) or len(token) > MAX_TOKEN_BYTES:
            raise TokenRefused("token_invalid", "the token is not a JSON Web Token")
        claims = self._decode(token, await self._key_for(token))
        if await self._is_revoked(claims.jti, claims.sub, claims.issued_at):
            raise TokenRefused("token_revoked", "the token was revoked; sign in again")
        return claims

    async def _key_for(self, token: str) -> tuple[str, jwt.PyJWK]:
        header = _header(token)
        algorithm = header.alg
        if algorithm not in self._algorithms:
            raise TokenRefused("token_invalid", "the token's algorithm is not accepted here")
        if algorithm in self._secrets:
            return algorithm, self._secrets[algorithm]
        if algorithm.startswith("HS") or self._keys is None:
            raise TokenRefused("token_invalid", "the token's algorithm is not accepted here")
        try:
            return algorithm, await self._keys.key(header.kid)
        except UnknownKey:
            raise TokenRefused("token_invalid", "the token's key is not known here") from None
        except KeysUnavailable:
            raise TokenRefused(
                "token_invalid", "the keys to check the token with cannot be had now; try again"
            ) from None

    def _decode(self, token: str, key: tuple[str, jwt.PyJWK]) -> Claims:
        algorithm, prepared = key
        try:
            raw = jwt.decode(
                token,
                prepared,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                options={"require": list(REQUIRED_CLAIMS), "verify_iat": False},
            )
            claims = msgspec.convert(raw, Claims)
        except jwt.ExpiredSignatureError:
            raise TokenRefused("token_expired", "the token has expired; get a new one") from None
        except jwt.MissingRequiredClaimError as error:
            raise TokenRefused(
                "token_invalid", f"the token lacks the claim {error.claim}"
            ) from None
        except jwt.InvalidAudienceError:
            raise TokenRefused("token_invalid", "the token is for another audience") from None
        except jwt.InvalidIssuerError:
            raise TokenRefused("token_invalid", "the token is from another issuer") from None
        except msgspec.ValidationError as error:
            raise TokenRefused("token_invalid", f"a claim is not usable: {error}") from None
        except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError, TypeError, OverflowError):
            raise TokenRefused("token_invalid", "the token's signature or form is wrong") from None
        if claims.iat > self._now() + max(self._leeway, IAT_TOLERANCE):
            raise TokenRefused("token_invalid", "the token was issued in the future")
        return claims


class _Header(msgspec.Struct):
    """What says by which key a token is to be checked; the rest is PyJWT's, which reads it too."""

    alg: str
    kid: str | None = None


_read_header = msgspec.json.Decoder(_Header).decode


def _header(token: str) -> _Header:
    try:
        encoded = token.partition(".")[0].encode("ascii")
        return _read_header(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        raise TokenRefused("token_invalid", "the token is not a JSON Web Token") from None


def _prepared(secret: str, algorithm: str) -> jwt.PyJWK:
    """The key as PyJWT would make it of a text for each token, after asking what else it may be."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded}, algorithm)


def mint(
    secret: str,
    *,
    algorithm: str,
    user: str,
    scope: str,
    audience: str,
    issuer: str,
    lifetime: int,
    rooms: Sequence[str] | None = None,
) -> str:
    """Sign a token for `user`, valid for `lifetime` seconds, with a fresh ``jti``.

    For development, tests and the command line; in production an identity provider signs.
    """
    now = round(time.time(), 3)
    claims: dict[str, object] = {
        "sub": user,
        "scope": scope,
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_urlsafe(12),
    }
    if rooms is not None:
        claims["rooms"] = list(rooms)
    return jwt.encode(claims, secret, algorithm=algorithm)
