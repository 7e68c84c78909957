"""The Socket.IO v5 suite without those of Engine.IO: 16 cases; and clients of both kinds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .target import Poller, Socket, Target

BINARY = [b"\1\2\3", b"\4\5\6"]
PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


@contextmanager
def opened(sio: Target) -> Iterator[Socket]:
    with sio.socket() as socket:
        socket.skip()  # Engine.IO's handshake
        yield socket


@contextmanager
def connected(sio: Target) -> Iterator[Socket]:
    with opened(sio) as socket:
        socket.send("40")
        socket.skip(2)  # Socket.IO's handshake, and "auth"
        yield socket


class TestConnect:
    @pytest.mark.parametrize("namespace", ["", "/custom,"], ids=["main", "custom"])
    @pytest.mark.parametrize("auth", ["", '{"token":"123"}'], ids=["", "payload"])
    def test_is_let_in(self, sio: Target, namespace: str, auth: str) -> None:
        with opened(sio) as socket:
            socket.send(f"40{namespace}{auth}")
            answer = str(socket.next())
            assert answer.startswith(f"40{namespace}{{")
            sid = json.loads(answer.removeprefix(f"40{namespace}"))
            assert sid.keys() == {"sid"}
            socket.expect(f'42{namespace}["auth",{auth or "{}"}]')

    def test_an_unknown_namespace(self, sio: Target) -> None:
        with opened(sio) as socket:
            socket.send("40/random")
            socket.expect('44/random,{"message":"Invalid namespace"}')

    def test_an_invalid_handshake(self, sio: Target) -> None:
        with opened(sio) as socket:
            socket.send("4abc")
            socket.until_closed()

    def test_no_handshake(self, sio: Target) -> None:
        with opened(sio) as socket:
            socket.answer_pings()
            assert socket.raw.close_code == 1000


class TestDisconnect:
    def test_from_the_main_namespace(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.send("41")
            socket.expect("2")

    def test_from_a_custom_namespace(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.expect("2")
            socket.send("3", "40/custom")
            socket.skip(2)
            socket.send("41/custom", '42["message","message to main namespace"]')
            socket.expect('42["message-back","message to main namespace"]')


class TestMessage:
    def test_text(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.send('42["message",1,"2",{"3":[true]}]')
            socket.expect('42["message-back",1,"2",{"3":[true]}]')

    def test_attachments(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.send(f'452-["message",{PLACEHOLDERS}]', *BINARY)
            socket.expect(f'452-["message-back",{PLACEHOLDERS}]', *BINARY)

    def test_text_with_an_ack(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.send('42456["message-with-ack",1,"2",{"3":[false]}]')
            socket.expect('43456[1,"2",{"3":[false]}]')

    def test_attachments_with_an_ack(self, sio: Target) -> None:
        with connected(sio) as socket:
            socket.send(f'452-789["message-with-ack",{PLACEHOLDERS}]', *BINARY)
            socket.expect(f"462-789[{PLACEHOLDERS}]", *BINARY)

    @pytest.mark.parametrize(
        "packet",
        ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'],
        ids=["packet type", "payload format", "ack id"],
    )
    def test_an_invalid_format_closes_the_connection(self, sio: Target, packet: str) -> None:
        with connected(sio) as socket:
            socket.send(packet)
            socket.until_closed()


class TestBothKindsOfClients:
    """FINDINGS of others: one encoding kept for two transports answers the second with a 500."""

    def test_a_binary_broadcast_reaches_both(self, sio: Target) -> None:
        poller = Poller.open(sio)
        assert poller.push("40").status_code == 200
        poller.poll()
        with connected(sio) as socket:
            socket.send('451-["broadcast",{"_placeholder":true,"num":0}]', b"\1\2")
            event = '451-["broadcast",{"_placeholder":true,"num":0}]'
            socket.expect(event, b"\1\2")
            answer = poller.poll()
            received = answer.text.split("\x1e")
            assert [part for part in received if part[0] in "4b"][-2:] == [event, "bAQI="]
