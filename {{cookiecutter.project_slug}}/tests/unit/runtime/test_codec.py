"""Which text of a client is an event beyond doubt."""

import pytest

from {{cookiecutter.package_name}}.runtime import codec

DEEP = 100_000


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ('42["join"]', ("", "", ["join"])),
        ('427["join",{"room":"lobby"},null]', ("", "7", ["join", {"room": "lobby"}, None])),
        ('42/chat,["join"]', ("/chat", "", ["join"])),
        ('42/chat,007["join"]', ("/chat", "007", ["join"])),
    ],
)
def test_an_event(message: str, event: tuple[str, str, list[object]]) -> None:
    assert codec.event_of(message) == event


@pytest.mark.parametrize(
    "message",
    [
        *("", "42", "42[]", "42{}", '42"join"', '42[["join"]]', "42[1]", "42[null]"),
        *('42["join"', '42["join"]]', '42 ["join"]', '42["\ud800"]'),
        *('42-1["join"]', '421234567890123456["join"]', f'42/{"n" * 256},["join"]'),
        *('43["join"]', '451-["join"]', '4["join"]', '42["connect"]', '42["disconnecting"]'),
        f'42["join",{"[" * DEEP}{"]" * DEEP}]',
    ],
    ids=lambda message: message[:24] or "empty",
)
def test_anything_else(message: str) -> None:
    assert codec.event_of(message) is None
