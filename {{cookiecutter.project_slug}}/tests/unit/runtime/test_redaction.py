"""What must not stand in a log does not, in whatever form it comes."""

import json
import re
import time
from random import Random
from typing import Any

import jwt
import pytest

from {{cookiecutter.package_name}}.runtime import redaction
from {{cookiecutter.package_name}}.runtime.redaction import (
    is_secret,
    redact,
    redact_text,
)

TOKEN = jwt.encode({"sub": "ada"}, "k" * 32)
SIGNATURE = TOKEN.rpartition(".")[2]


@pytest.mark.parametrize(
    "text",
    [
        f"got {TOKEN}",
        f"x-{TOKEN}",
        f"/socket.io/?token={TOKEN}&EIO=4",
        "40/chat," + json.dumps({"token": TOKEN}),
        str({"token": TOKEN}),
        f"Authorization: Bearer {TOKEN}",
        f"'{TOKEN}',",
        TOKEN * 3,
        "y" * 4080 + TOKEN,
    ],
)
def test_no_token_survives(text: str) -> None:
    cleaned = redact_text(text)
    assert SIGNATURE not in cleaned
    assert TOKEN.split(".")[1] not in cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("redis://user:pa55@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://:pa/5@5@host/0", "redis://:***@host/0"),
        ("postgresql+psycopg://a:b@h/d failed", "postgresql+psycopg://a:***@h/d failed"),
        ("password=pa55 host=x", "password=*** host=x"),
        ('{"client_secret": "pa55 word", "n": 1}', '{"client_secret": "***", "n": 1}'),
        ("authorization: Basic cGE1NXBhNTU=", "authorization: Basic ***"),
        ("a http://host:80/path b", "a http://host:80/path b"),
        ("token_expired: the token has expired", "token_expired: the token has expired"),
        ("a\x1b[31mb\r\nc\u2028\x9bd", "a\ufffd[31mb\ufffd\nc\u2028\ufffdd"),
    ],
)
def test_text(text: str, cleaned: str) -> None:
    assert redact_text(text) == cleaned


def test_the_quick_look_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is returned as it is would have come unchanged out of the patterns."""
    random = Random(7)  # noqa: S311 - the same texts each time
    pieces = [*("token", "secret", "Bearer", "basic", "eyJ.a", "EYJ.a"), *":='\"@", "://"]
    pieces += ["a", "b7", " ", "  ", ".", "-", "/", "cookie", "x" * 20, "\n", "é", "***"]
    texts = ["".join(random.choices(pieces, k=random.randint(1, 9))) for _ in range(20_000)]
    quick = [redact_text(text) for text in texts]
    monkeypatch.setattr(redaction, "_SUSPECT", re.compile(""))
    assert quick == [redact_text(text) for text in texts]
    assert sum(text == cleaned for text, cleaned in zip(texts, quick, strict=True)) < len(texts)


def test_fields_with_secret_names() -> None:
    assert all(map(is_secret, ("token", "Authorization", "APP_JWT_SECRET", "db-password")))
    assert not any(map(is_secret, ("event", "tokens", "secretary", "user", "authorised")))
    assert redact({"Set-Cookie": "a=b", "token": None, "deep": [{"jwt": "x"}]}) == {
        "Set-Cookie": "***",
        "token": None,
        "deep": [{"jwt": "***"}],
    }


def test_every_value_becomes_plain_and_bounded() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    nested: Any = "core"
    for _ in range(50):
        nested = [nested]
    assert redact(Odd()) == "<Odd>"
    assert redact(TOKEN.encode()) == "b'***'"
    assert len(redact(list(range(1000)))) == 50
    assert "core" not in str(redact(nested))
    assert len(redact_text("x" * 1_000_000)) < 4200
    assert redact_text("x" * 1_000_000).endswith("(1000000 characters)")
    assert redact_text(b"\xff".decode(errors="surrogateescape")) == "?"


@pytest.mark.parametrize(
    "piece", ["-eyJ", "eyJ.", "://a:", "bearer ", "token='", "x-token", "secret=", "a"]
)
def test_hostile_text_costs_little(piece: str) -> None:
    text = piece * 100_000
    began = time.process_time()
    redact_text(text)
    assert time.process_time() - began < 0.5
