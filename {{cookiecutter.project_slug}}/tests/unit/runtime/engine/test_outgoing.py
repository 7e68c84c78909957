"""Frames are as RFC 6455 has them."""

import pytest

from {{cookiecutter.package_name}}.runtime.engine.outgoing import payload
from {{cookiecutter.package_name}}.runtime.server_frames import (
    BINARY,
    frame,
    text_frame,
)


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frames(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size
    assert frame(BINARY, b"x" * size) == b"\x82" + head[1:] + b"x" * size
    assert payload(text_frame(b"x" * size)) == b"x" * size
