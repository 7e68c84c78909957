"""Frames leave whole and in order, and what a slow reader makes wait is bounded and dated."""

import json
import socket
from collections.abc import Iterator
from functools import partial

import pytest

from {{cookiecutter.package_name}}.runtime import messagepack, mode
from {{cookiecutter.package_name}}.runtime.backlog import Policies, Policy, event_in
from {{cookiecutter.package_name}}.runtime.outgoing import (
    WRITE_BYTES,
    Frame,
    Outgoing,
    Unsent,
)
from {{cookiecutter.package_name}}.runtime.server_frames import (
    BINARY,
    PONG,
    frame,
    text_frame,
)
from {{cookiecutter.package_name}}.runtime.websocket_frames import CLOSE

from ...support.waiting import until
from ...support.websocket_peer import Peer

LIMIT = 500_000
POLICIES: Policies = {
    ("/chat", "presence"): Policy("drop_oldest"),
    ("/", "price"): Policy("coalesce"),
}
PRESENCE, PRICE, MESSAGE = '42/chat,["presence"', '42["price"', '42/chat,["message"'
Stalls = list[str]


def event(head: str, number: int, size: int = 300) -> bytes:
    return text_frame(f'{head},{number},"{"x" * size}"]'.encode())


def number_in(payload: bytes) -> int:
    number: int = json.loads(payload[payload.index(b"[") :])[1]
    return number


@pytest.fixture
def pair() -> Iterator[tuple[Outgoing, Peer, Stalls]]:
    here, there = socket.socketpair()
    stalls: Stalls = []
    out = Outgoing(there, partial(Unsent, LIMIT, POLICIES), lambda: stalls.append("stall"))
    yield out, Peer(here), stalls
    there.shutdown(socket.SHUT_RDWR)
    out.close()
    here.close()
    there.close()


def fill(out: Outgoing, head: str = MESSAGE, size: int = 20_000, waiting: int = 3) -> int:
    """Send until some frames wait; returns how many were sent."""
    number = 0
    while out.unsent is None or len(out.unsent) < waiting:
        out.put(event(head, number, size))
        number += 1
        assert number < 10_000
    return number


def test_who_keeps_up_costs_nothing_that_waits(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    out, peer, stalls = pair
    for number in range(100):
        out.put(event(MESSAGE, number))
        assert number_in(peer.frame()[1]) == number
        assert out.unsent is None
        assert not out.is_stalled
    assert stalls == []


def test_what_the_kernel_does_not_take_comes_later_in_order(
    pair: tuple[Outgoing, Peer, Stalls],
) -> None:
    out, peer, stalls = pair
    sent = fill(out)
    assert out.is_stalled
    assert stalls == ["stall"]
    assert [number_in(peer.frame()[1]) for _ in range(sent)] == list(range(sent))
    until(lambda: out.unsent is None and not out.is_stalled)
    out.put(event(MESSAGE, 7))
    assert number_in(peer.frame()[1]) == 7


def test_frames_of_many_stay_whole_and_in_order(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    """Some go to the kernel at once, some wait: none may pass another of the same sender."""
    out, peer, _ = pair
    many, each = 8, 60

    def send(sender: int) -> None:
        for number in range(each):
            out.put(frame(BINARY, bytes((sender, number)) * 400))
            if number % 10 == 0:
                mode.sleep(0.001)

    tasks = [mode.spawn(partial(send, sender)) for sender in range(many)]
    heard: dict[int, list[int]] = {sender: [] for sender in range(many)}
    for _ in range(many * each):
        kind, payload = peer.frame()
        sender, number = payload[:2]
        assert (kind, payload) == (BINARY & 0x0F, bytes((sender, number)) * 400)
        heard[sender].append(number)
    assert all(numbers == list(range(each)) for numbers in heard.values())
    mode.stop(*tasks)


def test_what_waits_is_bounded_and_a_gap_is_final(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    out, peer, _ = pair
    sent = fill(out)
    for number in range(sent, sent + 2 * LIMIT // 20_000):
        out.put(event(MESSAGE, number, 20_000))
    assert out.unsent is not None
    assert out.unsent.overflowed
    assert len(out.unsent) == 0
    heard = []
    while out.is_stalled:
        heard.append(number_in(peer.frame()[1]))
    out.put(event(MESSAGE, sent))  # there is room again, but what follows would follow a gap
    out.put(frame(CLOSE, b""), last=True)
    while (came := peer.frame())[0] != CLOSE & 0x0F:
        heard.append(number_in(came[1]))
    assert heard == list(range(len(heard)))
    assert len(heard) < sent


def test_nothing_follows_the_last(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    out, peer, _ = pair
    out.put(frame(CLOSE, b""), last=True)
    out.put(event(MESSAGE, 0))
    assert peer.frame() == (CLOSE & 0x0F, b"")
    peer.connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        peer.exactly(1)


def test_the_oldest_waits_for_as_long_as_it_says(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    out, peer, _ = pair
    out.put(event(MESSAGE, 0, 3_000_000))  # nothing else waits than what is written already
    until(lambda: out.is_stalled)
    unsent = out.unsent
    assert unsent is not None
    mode.sleep(0.2)
    first = unsent.age()
    assert first >= 0.2
    out.put(event(MESSAGE, 1))
    assert unsent.age() >= first
    peer.frame()
    peer.frame()
    until(lambda: out.unsent is None)


@pytest.mark.parametrize("head", [PRESENCE, PRICE])
def test_policies_hold_for_what_waits(pair: tuple[Outgoing, Peer, Stalls], head: str) -> None:
    out, peer, _ = pair
    sent = fill(out, MESSAGE)
    for number in range(100):
        out.put(event(head, number, 20_000))
    assert out.unsent is not None
    assert not out.unsent.overflowed
    heard = [number_in(peer.frame()[1]) for _ in range(sent)]
    assert heard == list(range(sent))
    heard = []
    while not heard or heard[-1] != 99:
        heard.append(number_in(peer.frame()[1]))
    assert heard == sorted(heard)
    assert len(heard) <= LIMIT // 20_000 + 2


def test_a_lost_connection_takes_nothing(pair: tuple[Outgoing, Peer, Stalls]) -> None:
    out, peer, _ = pair
    fill(out)
    peer.connection.close()
    out.wait()
    assert not out.is_open
    out.put(event(MESSAGE, 1))
    assert out.unsent is None


def test_frames_are_known_by_their_events() -> None:
    unsent = Unsent(10_000, POLICIES)
    assert event_in(unsent.beginning_of(Frame(event(PRESENCE, 1)))) == ("/chat", "presence")
    assert event_in(unsent.beginning_of(Frame(event(PRICE, 1, 70_000)))) == ("/", "price")
    packed = frame(BINARY, messagepack.encode(2, "/feed", ["ticks", {"x": "x" * 70_000}]))
    assert event_in(unsent.beginning_of(Frame(packed))) == ("/feed", "ticks")
    for other in (text_frame(b"2"), frame(PONG, b"42[]"), frame(BINARY, b'42["price"]')):
        assert event_in(unsent.beginning_of(Frame(other))) is None


@pytest.mark.parametrize("one", [event(MESSAGE, 1), frame(PONG, b"x" * 125)])
def test_what_has_no_policy_ends_the_client(one: bytes) -> None:
    unsent = Unsent(2_000, POLICIES)
    for _ in range(20):
        unsent.add(Frame(one))
    assert unsent.overflowed
    assert not unsent


def test_one_write_is_a_bounded_number_of_frames() -> None:
    unsent = Unsent(1 << 20, POLICIES)
    for number in range(100):
        unsent.add(Frame(event(MESSAGE, number, 1000)))
    assert WRITE_BYTES <= len(unsent.next_write()) < WRITE_BYTES + 1100
    assert 0 < len(unsent) < 100
