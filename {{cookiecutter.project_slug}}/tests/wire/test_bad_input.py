"""Whatever is sent, the answer is a refusal or a closed connection: never a traceback, and never
the end of anybody else's connection."""

import json
import socket as tcp
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from ..support import raw_http
from ..support.client import connect, joined
from ..support.service import Service, running_service

INVALID: dict[str, object] = {
    "no payload": None,
    "not an object": ["lobby"],
    "unknown field": {"room": "lobby", "colour": "red"},
    "prototype": {"room": "lobby", "__proto__": {"ok": True}},
    "missing field": {},
    "wrong type": {"room": 1},
    "huge name": {"room": "a" * 65},
    "enormous name": {"room": "a" * 60_000},
    "upper case": {"room": "Lobby"},
    "wildcard": {"room": "*"},
    "newline": {"room": "lobby\n"},
    "null": {"room": "lobby\0"},
    "unicode": {"room": "löbby"},
    "since": {"room": "lobby", "since": {"epoch": "e", "offset": -1}},
    "since too": {"room": "lobby", "since": {"epoch": "e", "offset": 1.5}},
    "binary": {"room": b"lobby"},
}

MALFORMED: dict[str, str | bytes] = {
    "json": '42/chat,1["join",{"room":',
    "not a list": '42/chat,1{"room":"lobby"}',
    "an empty list": "42/chat,1[]",
    "a number for a name": "42/chat,1[7]",
    "a packet type there is none": "49/chat,",
    "an empty packet": "4",
    "a letter": "4x",
    "too many attachments": '4599-/chat,1["join",{"_placeholder":true,"num":0}]',
    "a second CONNECT": '40/chat,{"token":"x"}',
    "a lone surrogate": '42/chat,1["join",{"room":"\\ud800"}]',
    "a deep nest": "42/chat,1" + "[" * 30_000 + "]" * 30_000,
    "a huge id": "42/chat," + "1" * 200 + '["join",{}]',
    "an attachment for nothing": b"\x00\x01",
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_payload(service: Service, case: str) -> None:
    with connect(service.url, service.token()) as client:
        error = client.call("join", INVALID[case])["error"]
        assert error["code"] == "invalid_payload"
        assert error["request_id"]
        assert len(error["message"]) < 500
        assert client.call("join", {"room": "lobby"})["ok"]


def test_an_unknown_field_is_named(service: Service) -> None:
    with connect(service.url, service.token()) as client:
        assert "colour" in client.call("join", INVALID["unknown field"])["error"]["message"]
        assert "room" in client.call("join", INVALID["wrong type"])["error"]["message"]


@pytest.mark.parametrize(
    "event", ["shout", "", "connect", "disconnect", "on_join", "trigger_event"]
)
def test_an_unknown_event(service: Service, event: str) -> None:
    with connect(service.url, service.token()) as client:
        assert client.call(event, {"room": "lobby"})["error"]["code"] == "unknown_event"
        assert client.call("join", {"room": "lobby"})["ok"]


def test_a_large_message_is_refused_and_the_next_one_is_not(service: Service, room: str) -> None:
    with joined(service.url, service.token("large"), room) as client:
        for text in ("x" * 70_000, "ü" * 65_500):
            ack = client.call("message", {"room": room, "text": text, "id": "1"})
            assert ack["error"]["code"] == "too_large"
        assert client.call("message", {"room": room, "text": "x", "id": "2"})["ok"]
        ack = client.call("message", {"room": room, "text": "x" * 5000, "id": "3"})
        assert ack["error"]["code"] == "invalid_payload"


def test_an_enormous_message_closes_its_own_connection_only(service: Service, room: str) -> None:
    with (
        joined(service.url, service.token("enormous"), room) as client,
        joined(service.url, service.token("ada"), room) as other,
    ):
        client.send_raw('2/chat,1["message","' + "x" * 3_000_000 + '"]')
        client.wait_end()
        assert other.call("message", {"room": room, "text": "x", "id": "1"})["ok"]


def address(service: Service) -> str:
    return f"{service.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"


@contextmanager
def hello(service: Service, user: str = "ada") -> Iterator[ClientConnection]:
    """A WebSocket that has connected to ``/chat`` by hand."""
    with connect_websocket(address(service)) as socket:
        assert received(socket).startswith("0")
        socket.send("40/chat," + json.dumps({"token": service.token(user)}))
        assert received(socket).startswith("40/chat,")
        yield socket


def received(socket: ClientConnection) -> str:
    return str(socket.recv(timeout=30))


def until_closed(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=20)  # before a ping comes: who does not answer it is closed too


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_frame(service: Service, case: str) -> None:
    before = len(service.output())
    with hello(service) as socket:
        socket.send(MALFORMED[case])
        until_closed(socket)
    logged = service.output()[before:]
    assert "Traceback" not in logged
    assert '"level":"error"' not in logged.replace(" ", "")


def test_a_frame_that_is_not_utf8(service: Service) -> None:
    before = len(service.output())
    with hello(service) as socket:
        # A masked text frame of two bytes that are no UTF-8, past the library's own encoder.
        socket.socket.sendall(b"\x81\x82\x00\x00\x00\x00\xc3\x28")
        until_closed(socket)
    assert "Traceback" not in service.output()[before:]


def test_binary_events_are_bounded(service: Service) -> None:
    with hello(service) as socket:
        socket.send('451-/chat,1["join",{"_placeholder":true,"num":0}]')
        socket.send(b"x" * 10)
        assert '"invalid_payload"' in received(socket)
        socket.send('453-/chat,2["join",{"_placeholder":true,"num":0}]')
        for _ in range(2):
            socket.send(b"x" * 60_000)
        until_closed(socket)


def test_a_binary_event_too_deep_to_look_through(service: Service) -> None:
    before = len(service.output())
    with hello(service) as socket:
        placeholder = '{"_placeholder":true,"num":0}'
        socket.send(f'451-/chat,["x",{"[" * 2000}{placeholder}{"]" * 2000}]')
        socket.send(b"x")
        until_closed(socket)
    assert "Traceback" not in service.output()[before:]


def test_a_body_that_is_not_chunked_as_it_says(service: Service) -> None:
    before = len(service.output())
    head = (
        "POST /api/v1/tokens/revoke HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.token('root', scope='admin')}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with raw_http.connect(service.url, f"{head}zz\r\n") as client:
        client.shutdown(tcp.SHUT_WR)
        assert b" 500 " not in raw_http.read_all(client)
    assert "Traceback" not in service.output()[before:]


def test_a_connection_that_never_says_connect_is_closed() -> None:
    with running_service({"APP_CONNECT_TIMEOUT": "3"}) as service:
        with connect_websocket(address(service)) as socket:
            until_closed(socket)
        with hello(service) as leaves:
            leaves.send("41/chat,")
            until_closed(leaves)
        with hello(service) as stays:
            time.sleep(4.5)
            stays.send('42/chat,1["join",{"room":"lobby"}]')
            assert '"ok":true' in received(stays)


def test_a_flood_of_events_is_held_back(service: Service) -> None:
    """Unread events wait in TCP's buffers, not in tasks: each is still answered, in order."""
    with hello(service, "flood") as socket:

        def flood() -> None:
            for number in range(3000):
                socket.send(f'42/chat,{number}["join",' + '{"room":"lobby"}]')

        flooding = threading.Thread(target=flood)
        flooding.start()
        acks: list[int] = []
        deadline = time.monotonic() + 30
        while len(acks) < 3000:
            assert time.monotonic() < deadline
            frame = received(socket)
            if frame.startswith("43/chat,"):
                acks.append(int(frame[8 : frame.index("[")]))
            elif frame == "2":
                socket.send("3")
        flooding.join()
    assert acks == list(range(3000))


def test_a_client_that_does_not_read_is_given_up(service: Service, room: str) -> None:
    """Others are served meanwhile, and what waits for it is let go."""
    before = len(service.output())
    with hello(service, "deaf") as deaf, hello(service, "ada") as ada:
        for socket in (deaf, ada):
            socket.send("42/chat,1" + json.dumps(["join", {"room": room}]))

        def read() -> None:
            for frame in ada:
                if frame == "2":
                    ada.send("3")

        reading = threading.Thread(target=read)
        reading.start()
        number, deadline = 0, time.monotonic() + 60
        while "reads too slowly" not in service.output()[before:]:
            assert time.monotonic() < deadline
            for _ in range(100):
                number += 1
                event = ["message", {"room": room, "text": "x" * 3500, "id": str(number)}]
                ada.send(f"42/chat,{number}" + json.dumps(event))
            time.sleep(0.01)
        until_closed(deaf)
    reading.join()
    with joined(service.url, service.token("eve"), room) as eve:
        assert eve.call("message", {"room": room, "text": "x", "id": "1"})["ok"]
