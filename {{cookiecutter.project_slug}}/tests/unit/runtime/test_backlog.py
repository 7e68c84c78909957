"""What waits for a slow reader: never more than the bound, by the policy of each event."""

import json

import pytest
from engineio.packet import CLOSE, MESSAGE, PING, Packet
from prometheus_client import REGISTRY

from {{cookiecutter.package_name}}.runtime import messagepack
from {{cookiecutter.package_name}}.runtime.backlog import (
    Backlog,
    Policies,
    Policy,
    WhenSlow,
)

LIMIT = 10_000
POLICIES: Policies = {
    ("/chat", "message"): Policy("disconnect"),
    ("/chat", "presence"): Policy("drop_oldest"),
    ("/feed", "status"): Policy("coalesce"),
    ("/feed", "ticks"): Policy("coalesce", by="symbol"),
}


def event(name: str, size: int = 1000, namespace: str = "/chat") -> Packet:
    return Packet(MESSAGE, f'2{namespace},["{name}","{"x" * size}"]')


def names(backlog: Backlog) -> list[str]:
    """Takes everything out."""
    found = []
    while backlog:
        data = backlog.take().data
        found.append(json.loads(data[data.index("[") :])[0])
    return found


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(LIMIT, POLICIES)


def test_packets_come_out_in_the_order_they_went_in(backlog: Backlog) -> None:
    packets = [event("message", 1), Packet(PING), event("presence", 1)]
    for packet in packets:
        assert backlog.add(packet) == 0
    assert [backlog.take() for _ in packets] == packets
    with pytest.raises(IndexError):
        backlog.take()


def test_who_cannot_take_what_must_not_be_missed_is_to_be_closed(backlog: Backlog) -> None:
    for _ in range(2 * LIMIT // 1000):
        backlog.add(event("message"))
    assert backlog.overflowed
    assert len(backlog) == 0
    assert backlog.add(event("message")) == 1
    assert len(backlog) == 0


def test_the_goodbye_still_fits(backlog: Backlog) -> None:
    for _ in range(2 * LIMIT // 1000):
        backlog.add(event("message"))
    assert backlog.overflowed
    assert backlog.add(Packet(CLOSE)) == 0
    assert backlog.add(None) == 0
    assert len(backlog) == 2


def test_the_oldest_are_dropped_where_that_is_the_policy(backlog: Backlog) -> None:
    backlog.add(event("message"))
    for number in range(50):
        backlog.add(event("presence", 1000 + number))
    assert not backlog.overflowed
    kept = [backlog.take() for _ in range(len(backlog))]
    assert kept[0].data.startswith('2/chat,["message"')
    assert len(kept[-1].data) > len(kept[1].data)
    assert len(kept) < 11
    labels = {"nsp": "/chat", "event": "presence", "policy": "drop_oldest"}
    assert (REGISTRY.get_sample_value("socketio_dropped_total", labels) or 0) >= 40


def test_only_the_newest_is_kept_where_that_is_the_policy(backlog: Backlog) -> None:
    for _ in range(30):
        backlog.add(event("status", 2000, "/feed"))
    assert not backlog.overflowed
    assert len(backlog) <= LIMIT // 2000
    assert set(names(backlog)) == {"status"}


def ticks(symbol: str, number: int) -> Packet:
    about = f'"symbol":"{symbol}","n":{number},"{"x" * 2000}":0'
    return Packet(MESSAGE, f'2/feed,["ticks",{{{about}}}]')


def test_the_newest_of_each_subject_is_kept(backlog: Backlog) -> None:
    backlog.add(ticks("RARE", 0))
    for number in range(30):
        backlog.add(ticks("OFTEN", number))
    assert not backlog.overflowed
    kept = [json.loads(backlog.take().data[7:])[1] for _ in range(len(backlog))]
    assert kept[0]["symbol"] == "RARE"
    assert [kept[-1][name] for name in ("symbol", "n")] == ["OFTEN", 29]


def test_so_it_is_in_messagepack(backlog: Backlog) -> None:
    def ticks(symbol: str, number: int) -> Packet:
        about = {"ticks": [{"symbol": symbol, "n": number}], "x": "x" * 2000}
        return Packet(MESSAGE, messagepack.encode(2, "/feed", ["ticks", about]))

    backlog.add(ticks("RARE", 0))
    for number in range(30):
        backlog.add(ticks("OFTEN", number))
    assert not backlog.overflowed
    kept = [messagepack.decode(backlog.take().data)[1][1]["ticks"] for _ in range(len(backlog))]
    assert kept[0] == [{"symbol": "RARE", "n": 0}]
    assert kept[-1] == [{"symbol": "OFTEN", "n": 29}]
    assert len(kept) <= LIMIT // 2000


def test_what_must_not_be_missed_makes_room_by_what_may(backlog: Backlog) -> None:
    for _ in range(8):
        backlog.add(event("presence"))
    for _ in range(8):
        assert not backlog.overflowed
        backlog.add(event("message"))
    assert names(backlog).count("message") == 8


@pytest.mark.parametrize("policy", ["disconnect", "drop_oldest", "coalesce"])
def test_one_packet_may_be_of_any_size(policy: WhenSlow) -> None:
    backlog = Backlog(LIMIT, {("/chat", "history"): Policy(policy)})
    backlog.add(event("history", 10 * LIMIT))
    assert len(backlog) == 1
    assert not backlog.overflowed


def test_the_age_is_that_of_the_oldest(backlog: Backlog, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    assert backlog.age() == 0.0
    backlog.add(event("message"))
    now = 103.0
    backlog.add(event("message"))
    assert backlog.age() == 3.0
    backlog.take()
    assert backlog.age() == 0.0
