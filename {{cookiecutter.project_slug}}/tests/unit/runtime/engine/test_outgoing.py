"""Frames are as RFC 6455 has them, and what waits for a slow reader is bounded in bytes and age."""

from unittest.mock import Mock

import pytest

from {{cookiecutter.package_name}}.runtime.engine.outgoing import (
    BINARY,
    MAX_UNSENT_BYTES,
    Backlog,
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


class Slow:
    """A transport that the test reads from."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.transport = Mock()
        self.transport.get_write_buffer_size = lambda: self.waiting
        self.transport.write = self.write
        self.backlog = Backlog(self.transport, now=0.0)

    def write(self, data: bytes) -> None:
        self.waiting += len(data)


def test_it_takes_a_bounded_number_of_bytes() -> None:
    slow = Slow(100)
    chunk = b"x" * 100_000
    taken = 0
    while slow.backlog.write(chunk):
        taken += len(chunk)
    assert MAX_UNSENT_BYTES - 100 < taken <= MAX_UNSENT_BYTES + len(chunk)
    slow.waiting = 10
    assert slow.backlog.write(chunk)


def test_one_turn_may_exceed_it() -> None:
    slow = Slow(100)
    assert slow.backlog.write(b"x" * 5 * MAX_UNSENT_BYTES)
    assert not slow.backlog.write(b"x")


def test_the_age_is_that_of_the_oldest_byte() -> None:
    slow = Slow(100)
    assert slow.backlog.age(5.0) == 5.0
    slow.backlog.write(b"x" * 50)
    assert slow.backlog.age(6.0) == 6.0
    slow.waiting = 50  # it has read the first hundred
    assert slow.backlog.age(7.0) == 1.0
    slow.backlog.write(b"x" * 50)
    assert slow.backlog.age(8.0) == 2.0
    slow.waiting = 20  # the rest is of the last
    assert slow.backlog.age(9.0) == 1.0
