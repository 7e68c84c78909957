"""Every way a token can be wrong, and that it is then refused with the right code."""

import base64
import json
import time
from datetime import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from {{cookiecutter.package_name}}.runtime.jwks import JwksClient
from {{cookiecutter.package_name}}.runtime.tokens import (
    TokenRefused,
    TokenVerifier,
    mint,
)

SECRET = "s" * 48
revoked: set[str] = set()


async def is_revoked(jti: str | None, sub: str, issued_at: datetime) -> bool:
    return sub in revoked or jti in revoked


def verifier(**changes: Any) -> TokenVerifier:
    arguments: dict[str, Any] = {
        "algorithms": ["HS256"],
        "secret": SECRET,
        "keys": None,
        "audience": "here",
        "issuer": "us",
        "leeway": 0,
        "is_revoked": is_revoked,
        **changes,
    }
    return TokenVerifier(**arguments)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    every = {"sub": "ada", "iat": now, "exp": now + 60, "aud": "here", "iss": "us", "scope": "chat"}
    return {k: v for k, v in {**every, **changes}.items() if v is not None}


def sign(
    payload: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any
) -> str:
    return jwt.encode(payload, key, algorithm=algorithm, headers=header or None)


async def code_of(token: object, **changes: Any) -> str:
    with pytest.raises(TokenRefused) as refused:
        await verifier(**changes).verify(token)
    if isinstance(token, str) and token:
        assert token not in refused.value.message
    return refused.value.code


async def test_a_good_token_yields_its_claims() -> None:
    token = sign(claims(jti="t1", rooms=["team-*"], scope="chat admin"))
    found = await verifier().verify(token)
    assert (found.sub, found.jti, found.rooms) == ("ada", "t1", ["team-*"])
    assert found.scopes == {"chat", "admin"}


async def test_mint_makes_good_tokens() -> None:
    token = mint(
        SECRET,
        algorithm="HS256",
        user="ada",
        scope="chat",
        audience="here",
        issuer="us",
        lifetime=5,
    )
    found = await verifier().verify(token)
    assert found.jti
    assert found.exp - found.iat == pytest.approx(5)


@pytest.mark.parametrize("token", [None, ""])
async def test_missing(token: object) -> None:
    assert await code_of(token) == "token_missing"


@pytest.mark.parametrize(
    "token", [0, ["x"], {"a": 1}, "x", "a.b.c", "é.é.é", "a" * 10_000, "\ud800.a.b"]
)
async def test_what_is_no_token(token: object) -> None:
    assert await code_of(token) == "token_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "elsewhere"},
        {"aud": None},
        {"iss": "them"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\x00b"},
        {"sub": "a" * 300},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"iat": "yesterday"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**20},
        {"nbf": int(time.time()) + 3600},
        {"scope": ["chat"]},
        {"rooms": "team-*"},
        {"jti": 5},
    ],
    ids=str,
)
async def test_claims_that_do_not_do(changes: dict[str, Any]) -> None:
    payload = claims()
    payload.update(changes)
    payload = {k: v for k, v in payload.items() if v is not None}
    segments = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT"}, payload)
    ]
    signature = jwt.get_algorithm_by_name("HS256").sign(b".".join(segments), SECRET.encode())
    token = b".".join([*segments, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    assert await code_of(token) == "token_invalid"


async def test_expired_and_the_leeway() -> None:
    token = sign(claims(exp=int(time.time()) - 5))
    assert await code_of(token) == "token_expired"
    assert (await verifier(leeway=30).verify(token)).sub == "ada"


async def test_a_clock_a_little_ahead_does_not_lock_fresh_tokens_out() -> None:
    assert (await verifier().verify(sign(claims(iat=int(time.time()) + 2)))).sub == "ada"


async def test_revoked() -> None:
    revoked.add("t2")
    try:
        assert await code_of(sign(claims(jti="t2"))) == "token_revoked"
    finally:
        revoked.clear()


async def test_forged() -> None:
    assert await code_of(sign(claims(), key="x" * 48)) == "token_invalid"
    header, payload, _ = sign(claims()).split(".")
    assert await code_of(f"{header}.{payload}.") == "token_invalid"


async def test_alg_none() -> None:
    assert await code_of(sign(claims(), None, "none")) == "token_invalid"


async def test_an_algorithm_that_is_not_pinned() -> None:
    assert await code_of(sign(claims(), algorithm="HS512", key="s" * 64)) == "token_invalid"


def key_set(*keys: tuple[str, Any]) -> bytes:
    documents = []
    for kid, private in keys:
        public = private.public_key()
        name = "RS256" if isinstance(public, rsa.RSAPublicKey) else "EdDSA"
        document = json.loads(jwt.get_algorithm_by_name(name).to_jwk(public))
        documents.append({**document, "kid": kid, "use": "sig", "alg": name})
    return json.dumps({"keys": documents}).encode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EDWARDS = Ed25519PrivateKey.generate()


async def test_public_keys() -> None:
    document = key_set(("r1", RSA), ("e1", EDWARDS))
    keys = JwksClient("https://keys", fetch=lambda url: document)
    check = verifier(algorithms=["RS256", "EdDSA"], secret=None, keys=keys)
    assert (await check.verify(sign(claims(), RSA, "RS256", kid="r1"))).sub == "ada"
    assert (await check.verify(sign(claims(), EDWARDS, "EdDSA", kid="e1"))).sub == "ada"
    for token in (
        sign(claims(), EDWARDS, "EdDSA", kid="r1"),
        sign(claims(), RSA, "RS256", kid="e1"),
        sign(claims(), RSA, "RS256", kid="../../etc/passwd"),
        sign(claims(), RSA, "RS256"),
        sign(claims(), SECRET, "HS256", kid="r1"),
    ):
        with pytest.raises(TokenRefused, match="token") as refused:
            await check.verify(token)
        assert refused.value.code == "token_invalid"


async def test_a_public_key_is_never_taken_for_a_secret() -> None:
    pem = "-----BEGIN PUBLIC KEY-----"
    document = key_set(("r1", RSA))
    keys = JwksClient("https://keys", fetch=lambda url: document)
    header, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "HS256", "kid": "r1"}, claims())
    )
    signed = f"{header}.{payload}"
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), pem.encode())
    token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    both = verifier(algorithms=["HS256", "RS256"], keys=keys)
    with pytest.raises(TokenRefused):
        await both.verify(token)
