"""Queries are taken apart as python-engineio does, and long ones are not remembered."""

import pytest

from {{cookiecutter.package_name}}.runtime.engine.opening_query import (
    LONGEST_KEPT,
    Asked,
    _known,
    asked_by,
)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("EIO=4&transport=websocket", Asked("websocket", "4", None)),
        ("EIO=4&transport=websocket&t=abc&sid=one", Asked("websocket", "4", "one")),
        ("transport=websocket&transport=polling", Asked(None, None, None)),
        ("EIO=4&EIO=3&sid=one&sid=other", Asked(None, None, "one")),
        ("EIO=&transport=%77ebsocket", Asked("websocket", None, None)),
        ("", Asked(None, None, None)),
        (f"{'x' * LONGEST_KEPT}&EIO=4", Asked(None, "4", None)),
    ],
)
def test_it_is_taken_apart(query: str, asked: Asked) -> None:
    assert asked_by(query) == asked == asked_by(query)


def test_what_strangers_send_does_not_fill_memory() -> None:
    asked_by("EIO=4&transport=websocket")
    before = _known.cache_info().currsize
    asked_by("x" * (LONGEST_KEPT + 1))
    assert _known.cache_info().currsize == before
    for number in range(1000):
        asked_by(f"sid={number}")
    assert _known.cache_info().currsize <= 64
