"""What waits for a slow reader is dated, and treated by the policy of its event."""

import time

import pytest

from {{cookiecutter.package_name}}.runtime import messagepack
from {{cookiecutter.package_name}}.runtime.backlog import (
    Policies,
    Policy,
    event_in,
)
from {{cookiecutter.package_name}}.runtime.engine.unsent import (
    WRITE_BYTES,
    Frame,
    Unsent,
)
from {{cookiecutter.package_name}}.runtime.server_frames import (
    BINARY,
    PONG,
    frame,
    text_frame,
)

POLICIES: Policies = {
    ("/chat", "presence"): Policy("drop_oldest"),
    ("/", "price"): Policy("coalesce"),
}


def event(head: str, number: int, size: int = 300) -> Frame:
    return Frame(text_frame(f"{head},{number}]{'x' * size}".encode()))


PRESENCE, PRICE, MESSAGE = '42/chat,["presence"', '42["price"', '42/chat,["message"'


def waiting(unsent: Unsent) -> list[bytes]:
    return [unsent.take().data for _ in range(len(unsent))]


def test_frames_are_known_by_their_events() -> None:
    unsent = Unsent(10_000, POLICIES)
    assert event_in(unsent.beginning_of(event(PRESENCE, 1))) == ("/chat", "presence")
    assert event_in(unsent.beginning_of(event(PRICE, 1, 70_000))) == ("/", "price")
    packed = frame(BINARY, messagepack.encode(2, "/feed", ["ticks", {"x": "x" * 70_000}]))
    assert event_in(unsent.beginning_of(Frame(packed))) == ("/feed", "ticks")
    for other in (text_frame(b"2"), frame(PONG, b"42[]"), frame(BINARY, b'42["price"]')):
        assert event_in(unsent.beginning_of(Frame(other))) is None


def test_the_oldest_are_dropped() -> None:
    unsent = Unsent(2_000, POLICIES)
    frames = [event(PRESENCE, number) for number in range(10)]
    for one in frames:
        unsent.add(one)
    assert waiting(unsent) == [one.data for one in frames[-5:]]
    assert not unsent.overflowed


def test_only_the_newest_is_kept() -> None:
    unsent = Unsent(1_000, POLICIES)
    frames = [event(PRICE, number) for number in range(10)]
    for one in frames:
        unsent.add(one)
    assert waiting(unsent)[-1] == frames[-1].data
    assert not unsent.overflowed


@pytest.mark.parametrize("one", [event(MESSAGE, 1), Frame(frame(PONG, b"x" * 125))])
def test_what_has_no_policy_ends_the_client(one: Frame) -> None:
    unsent = Unsent(2_000, POLICIES)
    for _ in range(20):
        unsent.add(one)
    assert unsent.overflowed
    assert not unsent


def test_one_write_is_a_bounded_number_of_frames() -> None:
    unsent = Unsent(1 << 20, POLICIES)
    for number in range(100):
        unsent.add(event(MESSAGE, number, 1000))
    assert WRITE_BYTES <= len(unsent.next_write()) < WRITE_BYTES + 1100
    assert 0 < len(unsent) < 100


def test_what_the_transport_holds_is_of_an_age_too() -> None:
    unsent = Unsent(1_000, POLICIES)
    assert unsent.age() == 0.0
    unsent.stall()
    time.sleep(0.01)
    assert unsent.age() >= 0.01
    unsent.resume()
    assert unsent.age() == 0.0
