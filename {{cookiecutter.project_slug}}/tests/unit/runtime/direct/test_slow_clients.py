"""Who reads too slowly, or does not answer, is given up; the others do not notice."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from {{cookiecutter.package_name}}.runtime import mode, websocket

from ....support.waiting import until
from ....support.websocket_peer import PING
from .serving import Direct, event, running


@pytest.fixture
def direct() -> Iterator[Direct]:
    with running() as direct:
        yield direct


def test_a_slow_reader_is_dropped_and_the_others_are_not(
    direct: Direct, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    deaf, other = direct.client(), direct.client()
    number = 0
    while "reads too slowly" not in caplog.text:
        other.say(event("flood", 1, 20_000, ack=str(number)))
        assert other.hear().startswith('42["flood"')
        assert other.hear() == f"43{number}[]"
        number += 1
        mode.sleep(0.001)
        assert number < 2000
    assert deaf.is_hung_up_on()
    until(lambda: len(direct.server.eio.sockets) == 1)


def test_pongs_that_nobody_reads_are_counted_too(
    direct: Direct, caplog: pytest.LogCaptureFixture
) -> None:
    deaf = direct.client()
    until(lambda: len(direct.server.eio.sockets) == 1)

    def ask() -> None:
        with suppress(OSError):
            while True:
                deaf.send(PING, b"x" * 125)

    asking = mode.spawn(ask)
    until(lambda: "reads too slowly" in caplog.text, 30)
    deaf.connection.shutdown(socket.SHUT_RDWR)
    mode.stop(asking)


def test_a_slow_reader_that_only_old_bytes_wait_for(
    direct: Direct, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct.server, "_max_send_seconds", 1.0)
    deaf = direct.client()
    deaf.say(event("flood", 1, 9_000_000))
    until(lambda: "reads too slowly" in caplog.text)
    assert deaf.is_hung_up_on()


@pytest.mark.parametrize("name", ["newest", "spare"])
def test_who_may_miss_events_is_not_dropped(direct: Direct, name: str) -> None:
    """It gets the last one, whole, and is answered as before."""
    slow = direct.client()
    slow.say(event("many", name, 200, 100_000))
    slow.say(event("wait", 1, 0, ack="1"))
    mode.sleep(0.5)
    numbers = []
    while (message := slow.hear()) != "431[1]":
        heard, number, text = json.loads(message[2:])
        assert (heard, len(text)) == (name, 100_000)
        numbers.append(number)
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 199
    assert len(numbers) < 200


def test_all_that_waits_goes_out_before_the_end(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.2)
    slow = direct.client()
    slow.say(event("fill"))
    slow.say(event("wait", 0, 0))
    until(lambda: direct.lab.handled)
    [session] = direct.server.eio.sockets.values()
    direct.server.end_connection(session.sid)
    assert session.closed
    mode.sleep(0.6)
    for number in range(direct.lab.filled):
        assert json.loads(slow.hear()[2:])[1] == number
    assert slow.hear() == "1"
    assert slow.hear() == ""


def test_who_answers_pings_stays_and_who_does_not_goes() -> None:
    with running(ping_interval=1, ping_timeout=3) as direct:
        began = time.monotonic()
        lively, deaf = direct.client(), direct.client()
        for _ in range(5):
            assert lively.hear() == "2"
            lively.say("3")
        assert time.monotonic() - began >= 5
        assert deaf.following(2) == ["2", "1"]
        assert deaf.is_hung_up_on()
        until(lambda: len(direct.server.eio.sockets) == 1)


def test_whose_events_take_long_is_not_given_up() -> None:
    """Its pongs wait behind them."""
    with running(ping_interval=1, ping_timeout=2) as direct:
        client = direct.client()
        for number in range(3):
            client.say(event("wait", number, 1.2, ack=str(number)))
        acknowledged: list[str] = []
        while len(acknowledged) < 3:
            message = client.hear()
            assert message not in ("", "1"), "hung up on"
            if message == "2":
                client.say("3")
            else:
                acknowledged.append(message)
        assert acknowledged == [f"43{number}[{number}]" for number in range(3)]
