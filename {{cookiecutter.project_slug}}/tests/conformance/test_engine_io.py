"""The Engine.IO v4 suite: 25 cases, of which the Socket.IO suite repeats 16 on its own path."""

import time
from socket import SHUT_WR

import httpx
import pytest

from .raw import CLOSE, TEXT, frame, request
from .target import INTERVAL, TIMEOUT, Poller, Target, handshake


class TestHandshakePolling:
    def test_opens_a_session(self, either: Target) -> None:
        answer = httpx.get(either.polling)
        assert answer.status_code == 200
        assert handshake(answer.text)["upgrades"] == ["websocket"]

    @pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling"])
    def test_an_invalid_version(self, either: Target, query: str) -> None:
        assert httpx.get(either.url(query)).status_code == 400

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
    def test_an_invalid_transport(self, either: Target, query: str) -> None:
        assert httpx.get(either.url(query)).status_code == 400

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_an_invalid_method(self, either: Target, method: str) -> None:
        assert httpx.request(method, either.polling).status_code == 400


class TestHandshakeWebSocket:
    def test_opens_a_session(self, either: Target) -> None:
        with either.socket() as socket:
            assert handshake(socket.next())["upgrades"] == []

    @pytest.mark.parametrize("query", ["transport=websocket", "EIO=abc&transport=websocket"])
    def test_an_invalid_version(self, either: Target, query: str) -> None:
        assert either.refuses(query) >= 400

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
    def test_an_invalid_transport(self, either: Target, query: str) -> None:
        assert either.refuses(query) >= 400


class TestMessagePolling:
    @pytest.mark.parametrize(
        "payload",
        ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="],
        ids=["text", "several", "binary"],
    )
    def test_is_echoed(self, eio: Target, payload: str) -> None:
        client = Poller.open(eio)
        pushed = client.push(payload)
        assert (pushed.status_code, pushed.text) == (200, "ok")
        client.poll(payload)

    def test_an_invalid_packet_ends_the_session(self, eio: Target) -> None:
        client = Poller.open(eio)
        assert client.push("abc").status_code == 400
        assert client.poll().status_code == 400

    def test_a_second_poll_ends_the_session(self, eio: Target) -> None:
        client = Poller.open(eio)
        with client.waiting_poll() as first:
            assert client.poll(extra="&t=burst").status_code in (400, 500)
            first.expect("1")
        assert client.poll().status_code == 400

    def test_a_cancelled_poll_ends_the_session(self, eio: Target) -> None:
        client = Poller.open(eio)
        with client.waiting_poll():
            pass
        assert client.poll().status_code == 400


class TestMessageWebSocket:
    @pytest.mark.parametrize("message", ["4hello", b"\1\2\3\4"], ids=["text", "binary"])
    def test_is_echoed(self, eio: Target, message: str | bytes) -> None:
        with eio.socket() as socket:
            handshake(socket.next())
            socket.send(message)
            socket.expect(message)

    def test_an_invalid_packet_ends_the_session(self, eio: Target) -> None:
        with eio.socket() as socket:
            socket.skip()
            socket.send("abc")
            socket.until_closed()


class TestHeartbeat:
    def test_polling_sends_pings(self, either: Target) -> None:
        client = Poller.open(either)
        for _ in range(3):
            client.poll("2")
            assert client.push("3").status_code == 200

    def test_polling_ends_without_a_pong(self, either: Target) -> None:
        client = Poller.open(either)
        time.sleep(INTERVAL + TIMEOUT)
        assert client.poll().status_code == 400

    def test_websocket_sends_pings(self, either: Target) -> None:
        with either.socket() as socket:
            socket.skip()
            for _ in range(3):
                socket.expect("2")
                socket.send("3")

    def test_websocket_ends_without_a_pong(self, either: Target) -> None:
        with either.socket() as socket:
            socket.until_closed()


class TestClose:
    def test_polling(self, either: Target) -> None:
        client = Poller.open(either)
        with client.waiting_poll() as poll:
            client.push("1")
            poll.expect("6")
        assert client.poll().status_code == 400

    def test_websocket(self, either: Target) -> None:
        with either.socket() as socket:
            socket.skip()
            socket.send("1")
            socket.until_closed(TIMEOUT)  # not only when no pong comes, which is INTERVAL later


class TestUpgrade:
    def test_from_polling_to_websocket(self, either: Target) -> None:
        client = Poller.open(either)
        with either.socket(client.upgrade) as socket:
            socket.send("2probe")
            socket.expect("3probe")
            client.poll("6")
            socket.send("5")
            if either.path == "/engine.io/":
                socket.send("4hello")
                socket.expect("4hello")

    def test_a_waiting_poll_is_ended(self, either: Target) -> None:
        client = Poller.open(either)
        with client.waiting_poll() as poll, either.socket(client.upgrade) as socket:
            socket.send("2probe")
            socket.expect("3probe")
            poll.expect("6")
            socket.send("5")
            socket.expect("2")

    def test_requests_with_its_sid_are_refused_then(self, either: Target) -> None:
        client = Poller.open(either)
        with either.socket(client.upgrade) as socket:
            socket.send("2probe", "5")
            socket.expect("3probe")
            assert client.poll().status_code == 400
            if either.path == "/engine.io/":
                socket.send("4hello")
                socket.expect("4hello")

    def test_websockets_with_its_sid_are_refused_then(self, either: Target) -> None:
        client = Poller.open(either)
        with either.socket(client.upgrade) as socket:
            socket.send("2probe", "5")
            socket.expect("3probe")
            with either.socket(client.upgrade) as another:
                assert another.until_closed() == []
                assert another.raw.close_code == 1000
            if either.path == "/engine.io/":
                socket.send("4hello")
                socket.expect("4hello")

    @pytest.mark.parametrize("probe", [b"", frame(TEXT, b"2probe")], ids=["", "probing"])
    @pytest.mark.parametrize("leave", [frame(CLOSE), b""], ids=["closing", "lost"])
    def test_a_client_may_leave_at_once(self, either: Target, probe: bytes, leave: bytes) -> None:
        client = Poller.open(either)
        status, raw = request(either, client.upgrade)
        with raw.connection:
            assert status == 101
            raw.connection.sendall(probe + leave)
            raw.connection.shutdown(SHUT_WR)
            while raw.connection.recv(100):
                pass
        client.is_pinged()

    def test_a_given_up_upgrade_leaves_polling_as_it_was(self, either: Target) -> None:
        client = Poller.open(either)
        with either.socket(client.upgrade) as socket:
            socket.send("2probe")
            socket.expect("3probe")
        client.is_pinged()
        with either.socket(client.upgrade) as socket:
            socket.send("2probe")
            socket.expect("3probe")
