"""The direct server: order, one event at a time, bounds, and nothing left behind."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from {{cookiecutter.package_name}}.runtime import mode

from ....support.waiting import until
from ....support.websocket_peer import BINARY, PING
from .serving import Client, Direct, event, running


@pytest.fixture
def direct() -> Iterator[Direct]:
    with running() as direct:
        yield direct


def test_acks_and_emits_keep_their_order(direct: Direct) -> None:
    client = direct.client()
    for number in range(3):
        client.say(event("order", number, ack=str(number)))
    assert client.following(12) == [
        expected
        for n in range(3)
        for expected in (
            f'42["direct",{n}]',
            f'42["room",{n}]',
            f'42["direct again",{n}]',
            f'43{n}["done"]',
        )
    ]


def test_they_keep_it_where_a_slow_reader_makes_them_wait(direct: Direct) -> None:
    client = direct.client()
    for number in range(40):
        client.say(event("many", "big", 1, 20_000))
        client.say(event("order", number, ack=str(number)))
    mode.sleep(0.3)
    for number in range(40):
        assert client.hear().startswith('42["big",0,')
        assert client.following(4)[-1] == f'43{number}["done"]'


def test_events_of_a_socket_are_handled_one_at_a_time(direct: Direct) -> None:
    client = direct.client()
    for number in range(8):
        client.say(event("wait", number, 0.02 if number % 2 else 0, ack=str(number)))
    assert client.following(8) == [f"43{n}[{n}]" for n in range(8)]
    assert direct.lab.most_at_once == 1
    assert direct.lab.handled == list(range(8))


def test_events_of_different_sockets_are_not(direct: Direct) -> None:
    clients = [direct.client(), direct.client()]
    for client in clients:
        client.say(event("wait", 1, 0.5, ack="1"))
    assert [client.hear() for client in clients] == ["431[1]"] * 2
    assert direct.lab.most_at_once == 2


def test_a_broadcast_with_bytes_is_one_event_and_its_attachment(direct: Direct) -> None:
    sender, other = direct.client(), direct.client()
    sender.say('451-7["bytes",{"_placeholder":true,"num":0}]')
    sender.send(BINARY, b"\x00\x01")
    for client in (other, sender):
        assert client.hear() == '451-["bytes",{"_placeholder":true,"num":0}]'
        assert client.frame() == (BINARY, b"\x00\x01")
    assert sender.hear() == '461-7[{"_placeholder":true,"num":0}]'


def test_broadcasts_of_many_come_whole_and_in_order(direct: Direct) -> None:
    """In ``threading`` several threads write to the same client at once."""
    senders, listeners = [direct.client() for _ in range(4)], [direct.client() for _ in range(4)]
    each = 40

    def send(client: Client, number: int) -> None:
        for count in range(each):
            client.say(event("order", [number, count]))

    tasks = [mode.spawn(send, client, number) for number, client in enumerate(senders)]
    for listener in listeners:
        heard: dict[int, list[int]] = {}
        for _ in range(each * len(senders)):
            name, (number, count) = json.loads(listener.hear()[2:])
            assert name == "room"
            heard.setdefault(number, []).append(count)
        assert heard == {number: list(range(each)) for number in range(len(senders))}
    mode.stop(*tasks)


def test_what_came_before_the_end_is_still_handled(direct: Direct) -> None:
    client = direct.client()
    for number in range(3):
        client.say(event("wait", number, 0.05))
    client.connection.close()
    until(lambda: direct.lab.handled == [0, 1, 2])
    until(lambda: not direct.residue())


def test_a_refused_one_gets_the_refusal_alone(direct: Direct) -> None:
    client, other = direct.opened(), direct.client()
    client.say('40"refuse"')
    assert client.hear().startswith("44{")
    other.say(event("order", 1))
    client.connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.hear()


def test_a_failing_handler_ends_nothing(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    client = direct.client()
    client.say(event("fail"))
    client.say(event("wait", 1, 0, ack="1"))
    assert client.hear() == "431[1]"
    assert "a handler failed" in caplog.text


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


def test_all_that_waits_goes_out_before_the_end(direct: Direct) -> None:
    slow = direct.client()
    slow.say(event("fill"))
    slow.say(event("wait", 0, 0))
    until(lambda: direct.lab.handled)
    [session] = direct.server.eio.sockets.values()
    direct.server.end_connection(session.sid)
    assert session.closed
    for number in range(direct.lab.filled):
        assert json.loads(slow.hear()[2:])[1] == number
    assert slow.hear() == "1"
    assert slow.hear() == ""


def test_a_storm_leaves_nothing_behind(direct: Direct) -> None:
    def come_and_go(number: int) -> None:
        client = direct.client()
        client.say(event("order", 1))
        if number % 4 == 0:
            client.connection.close()
        else:
            client.say(("", "42[", "1", "41")[number % 4])

    tasks = [mode.spawn(come_and_go, number) for number in range(40)]
    until(lambda: direct.lab.left == 40)
    mode.stop(*tasks)


def test_kicked_during_a_handler(direct: Direct) -> None:
    client = direct.client()
    client.say(event("wait", 1, 0.3))
    until(lambda: direct.lab.at_once)
    [connection] = direct.server.eio.sockets
    direct.server.end_connection(connection)
    assert client.is_hung_up_on()
    until(lambda: not direct.residue())
    assert direct.lab.left == 1


def test_who_answers_pings_stays_and_who_does_not_goes() -> None:
    with running(ping_interval=1, ping_timeout=1) as direct:
        lively, deaf = direct.client(), direct.client()
        began = time.monotonic()
        for _ in range(4):
            assert lively.hear() == "2"
            lively.say("3")
        assert time.monotonic() - began >= 4
        assert deaf.following(2) == ["2", "1"]
        assert deaf.is_hung_up_on()
        until(lambda: len(direct.server.eio.sockets) == 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"QUERY_STRING": "EIO=3&transport=websocket"},
        {"QUERY_STRING": "EIO=4&transport=polling"},
        {"QUERY_STRING": "EIO=4&transport=websocket&sid=nobody"},
        {"HTTP_ORIGIN": "https://elsewhere.example", "HTTP_HOST": "here.example"},
        {"HTTP_SEC_WEBSOCKET_VERSION": "8"},
        {"REQUEST_METHOD": "POST"},
    ],
    ids=str,
)
def test_what_is_no_beginning_is_refused_and_forgotten(
    direct: Direct, asked: dict[str, str]
) -> None:
    started: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/socket.io/",
        "QUERY_STRING": "EIO=4&transport=websocket",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "here.example",
        **asked,
    }
    direct.app(environ, lambda status, headers: started.append(status))
    assert [status[:3] for status in started] == ["400"]
    assert direct.residue() == {}
