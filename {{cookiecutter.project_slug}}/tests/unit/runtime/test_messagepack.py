"""The coder of MessagePack: what other implementations of Socket.IO write, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgpack
import msgspec
import pytest

from {{cookiecutter.package_name}}.runtime import codec, messagepack
from {{cookiecutter.package_name}}.runtime.backlog import event_in, field_in
from {{cookiecutter.package_name}}.runtime.messagepack import (
    MessagePackPacket,
    decode,
    encode,
)

EVENT = 2


class Tick(msgspec.Struct):
    symbol: str
    at: datetime
    price: float | None = None


TICK = Tick("ACME", datetime(2026, 1, 31, 12, tzinfo=UTC), 1.5)


def packet(data: Any, **fields: Any) -> bytes:
    return bytes(msgpack.packb({"type": EVENT, "nsp": "/chat", "data": data, **fields}))


def with_data(data: bytes) -> bytes:
    return b"\x83\xa4type\x02\xa3nsp\xa5/chat\xa4data" + data


@pytest.mark.parametrize(
    "data",
    [
        ["tick", TICK],
        ["tick", {"ticks": [TICK, TICK], "n": None, "on": True}],
        ["tick", (1, -1, 2**40, "ü ✓ 😀", "x" * 70_000, [], {})],
        ["tick", {7: "a number for a key"}],
    ],
    ids=["a struct", "structs", "values", "a key"],
)
def test_it_says_what_json_says(data: list[Any]) -> None:
    unpacked = msgpack.unpackb(encode(EVENT, "/chat", data))
    assert unpacked == {"type": EVENT, "nsp": "/chat", "data": codec.loads(codec.encode(data))}


def test_bytes_stay_bytes_and_need_no_attachments() -> None:
    made = MessagePackPacket(EVENT, ["file", {"part": b"\0\xff"}], "/chat", 0)
    assert msgpack.unpackb(made.encode()) == {
        "type": EVENT,
        "nsp": "/chat",
        "data": ["file", {"part": b"\0\xff"}],
        "id": 0,
    }
    found = MessagePackPacket(encoded_packet=made.encode())
    assert (found.packet_type, found.namespace, found.id) == (EVENT, "/chat", 0)
    assert found.data == ["file", {"part": b"\0\xff"}]


def test_no_data_is_left_out() -> None:
    assert msgpack.unpackb(encode(1, None, None)) == {"type": 1, "nsp": "/"}


def test_undefined_is_what_json_makes_of_it() -> None:
    undefined = msgpack.ExtType(0, b"\0")
    _, data = decode(packet(["join", undefined, {"room": "a", "since": undefined}]))
    assert data == ["join", None, {"room": "a"}]
    assert decode(packet(undefined))[1] is None


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no map": b"\x93\x02\xa1/\x90",
    "a byte there is none": b"\xc1",
    "cut off": packet(["join", {"room": "lobby"}])[:-1],
    "more after it": packet([]) + b"\xc0",
    "no type": msgpack.packb({"nsp": "/", "data": []}),
    "a type there is none": packet([], type=5),
    "a type that is text": packet([], type="2"),
    "a type that is a fraction": packet([], type=2.5),
    "no namespace": msgpack.packb({"type": 2, "data": []}),
    "a namespace in bytes": packet([], nsp=b"/chat"),
    "a negative id": packet([], id=-1),
    "an id that is text": packet([], id="1"),
    "a number for a key of the packet": msgpack.packb({"type": 2, "nsp": "/", 1: 2}),
    "a number for a key": packet([{1: 2}]),
    "bytes for a key": packet([{b"room": 2}]),
    "a list for a key": with_data(b"\x81\x91\x01\x01"),
    "no number": packet([float("nan")]),
    "an infinite number": packet([{"price": float("-inf")}]),
    "a time": packet([msgpack.Timestamp(1)]),
    "a time there is none": with_data(b"\xd7\xff" + b"\xff" * 8),
    "an extension": packet([msgpack.ExtType(5, b"x")]),
    "not UTF-8": with_data(b"\x91\xa2\xc3\x28"),
    "a lone surrogate": with_data(b"\x91\xa3\xed\xa0\x80"),
    "a deep nest": with_data(b"\x91" * 60_000 + b"\xc0"),
    "a nest that ends": with_data(b"\x91" * 60_000),
    "a huge list": with_data(b"\xdd\xff\xff\xff\xff"),
    "a huge map": with_data(b"\xdf\xff\xff\xff\xff"),
    "a huge text": with_data(b"\xdb\xff\xff\xff\xff"),
    "huge bytes": with_data(b"\xc6\xff\xff\xff\xff"),
    "a huge extension": with_data(b"\xc9\xff\xff\xff\xff\x05"),
    "a huge packet": b"\xdf\xff\xff\xff\xff",
    "lists in lists": with_data(b"\xdc\xff\xff" * 900),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_whatever_is_no_packet_is_a_value_error(case: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are msgspec's
        decode(HOSTILE[case])
    assert messagepack.event_of(HOSTILE[case]) is None


@pytest.mark.parametrize("data", [None, {}, [], [7], [None], ["x"][:0], "join"])
def test_an_event_is_a_list_that_begins_with_its_name(data: object) -> None:
    assert messagepack.event_of(packet(data)) is None


def test_an_event() -> None:
    assert messagepack.event_of(packet(["join", {}], id=7)) == ("/chat", "7", ["join", {}])
    assert messagepack.event_of(packet(["join"])) == ("/chat", "", ["join"])
    assert messagepack.event_of(packet(["join"], type=3)) is None
    assert messagepack.event_of(packet(["disconnect"])) is None


def test_any_bytes_are_a_packet_or_a_value_error() -> None:
    """Every prefix of a packet, and every packet with one byte changed."""
    whole = packet(["join", {"room": "lobby", "since": {"offset": 1.5}}], id=1)
    cases = [whole[:end] for end in range(len(whole))]
    for place in range(len(whole)):
        cases += [whole[:place] + bytes([byte]) + whole[place + 1 :] for byte in range(0, 256, 5)]
    for case in cases:
        with suppress(ValueError):
            decode(case)


def test_an_event_is_recognised_by_its_beginning() -> None:
    made = encode(EVENT, "/feed", ["ticks", {"ticks": [TICK]}])
    assert event_in(made[:40]) == ("/feed", "ticks")
    assert field_in(made, "symbol") == "ACME"
    assert field_in(made, "colour") is None
    with_id = encode(EVENT, "/" + "n" * 100, ["e" * 100], 5)
    assert event_in(with_id) == ("/" + "n" * 100, "e" * 100)
    for other in (encode(3, "/feed", ["ticks"]), encode(EVENT, "/feed", [7]), b"", b"\x83"):
        assert event_in(other) is None
    for end in range(len(made)):
        assert event_in(made[:end]) in (None, ("/feed", "ticks"))
        assert field_in(made[:end], "symbol") in (None, "ACME")
