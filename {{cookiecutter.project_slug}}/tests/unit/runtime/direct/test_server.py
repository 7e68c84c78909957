"""The direct server: order, one event at a time, and nothing left behind."""

import json
import time
from collections.abc import Iterator

import pytest
from engineio.packet import MESSAGE, Packet

from {{cookiecutter.package_name}}.runtime import mode

from ....support.waiting import until
from ....support.websocket_peer import BINARY
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
    inside: list[str] = []

    def meet(sid: str) -> str:
        inside.append(sid)
        until(lambda: len(inside) == 2, 5)
        return "met"

    direct.lab.on_meet = meet
    for client in clients:
        client.say(event("meet", ack="1"))
    assert [client.hear() for client in clients] == ['431["met"]'] * 2


def test_a_broadcast_with_bytes_is_one_event_and_its_attachment(direct: Direct) -> None:
    sender, other = direct.client(), direct.client()
    sender.say('451-7["bytes",{"_placeholder":true,"num":0}]')
    sender.send(BINARY, b"\x00\x01")
    for client in (other, sender):
        assert client.hear() == '451-["bytes",{"_placeholder":true,"num":0}]'
        assert client.frame() == (BINARY, b"\x00\x01")
    assert sender.hear() == '461-7[{"_placeholder":true,"num":0}]'


def test_nothing_comes_between_an_event_and_its_attachment(direct: Direct) -> None:
    """Another thread could write in between if they were written one after the other."""
    client = direct.client()
    [session] = direct.server.eio.sockets.values()
    written: list[bytes] = []
    put = session.websocket.put

    def note(frame: bytes) -> None:
        written.append(frame)
        put(frame)

    session.websocket.put = note
    direct.server.emit("bytes", b"content", namespace="/")
    assert client.hear().startswith("451-")
    [together] = written
    assert together.endswith(b"content")


def test_what_cannot_be_sent_is_acknowledged_as_an_error_of_ours(
    direct: Direct, caplog: pytest.LogCaptureFixture
) -> None:
    client = direct.client()
    client.say(event("unsendable", ack="7"))
    assert client.hear().startswith('437[{"ok":false,"error":{"code":"internal"')
    assert "cannot be sent" in caplog.text


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


def test_who_is_being_disconnected_is_not_listened_to(direct: Direct) -> None:
    direct.lab.seconds_to_leave = 0.5
    client = direct.client()
    [(sid, _)] = direct.server.manager.get_participants("/", "everyone")
    kick = mode.spawn(direct.server.end_socket, sid, "/")
    until(lambda: sid in direct.server.manager.pending_disconnect.get("/", ()))
    client.say(event("wait", 1, 0))
    until(lambda: direct.lab.left)
    mode.sleep(0.1)
    assert direct.lab.handled == []
    mode.stop(kick)


def test_a_failing_handler_ends_nothing(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    client = direct.client()
    client.say(event("fail"))
    client.say(event("wait", 1, 0, ack="1"))
    assert client.hear() == "431[1]"
    assert "a handler failed" in caplog.text


INSTEAD_OF_ITS_ATTACHMENT = '451-["bytes",{"_placeholder":true,"num":0}]', '42["order",1]'


@pytest.mark.parametrize(
    "frames",
    [("42[",), (event("wait"),), ("49",), ("42{}",), INSTEAD_OF_ITS_ATTACHMENT],
    ids=str,
)
def test_what_cannot_be_carried_out_ends_its_connection(
    direct: Direct, frames: tuple[str, ...]
) -> None:
    client, other = direct.client(), direct.client()
    for frame in frames:
        client.say(frame)
    assert client.hear() in ("", "1")
    other.say(event("wait", 1, 0, ack="1"))
    assert other.hear() == "431[1]"


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


def test_an_end_is_told_once(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    told_before = direct.server.eio.handlers["disconnect"]

    def tell(connection: str, reason: str) -> None:
        told.append(reason)
        mode.sleep(0.05)
        told_before(connection, reason)

    monkeypatch.setitem(direct.server.eio.handlers, "disconnect", tell)
    client = direct.client()
    [connection] = direct.server.eio.sockets
    kicks = [mode.spawn(direct.server.end_connection, connection) for _ in range(4)]
    assert client.is_hung_up_on()
    until(lambda: not direct.residue())
    mode.stop(*kicks)
    assert told == ["server disconnect"]


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


def test_a_poll_is_one_whatever_a_proxy_says_of_the_connection(direct: Direct) -> None:
    """Some say "upgrade" of every request; a second poll has to be found beside it."""
    engine = direct.server.eio
    client = engine.socket_class(engine, "p")
    client.heard = time.monotonic()
    request = {"HTTP_CONNECTION": "upgrade"}
    found: list[Packet] = []
    poll = mode.spawn(lambda: found.extend(client.handle_get_request(request, None)))
    until(lambda: client.polling)
    client.queue.put(Packet(MESSAGE, "something"))
    until(lambda: found)
    assert not client.polling
    mode.stop(poll)
