"""Queries are taken apart as python-engineio does, and long ones are not remembered."""

import pytest

from {{cookiecutter.package_name}}.runtime.engine.opening_query import (
    LONGEST_KEPT,
    Asked,
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
