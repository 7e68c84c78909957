"""With ``APP_SERIALIZER=msgpack`` the service speaks as Socket.IO's own parser, on either engine.

``TEST_APP_SERIALIZER=msgpack make test`` runs the others so; what sends JSON by hand then fails.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgpack
import pytest
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from ..support.client import SERIALIZER, Refused, connect, joined
from ..support.service import Service, running_service
from ..support.waiting import eventually
from .test_bad_input import (  # noqa: F401
    address,
    test_a_large_message_is_refused_and_the_next_one_is_not,
    test_an_unknown_event,
    until_closed,
)
from .test_chat import (  # noqa: F401
    test_a_returning_client_gets_exactly_what_it_missed,
    test_the_same_id_is_one_message,
    test_two_people_talk,
)
from .test_feed import prices, publish
from .test_feed import test_a_token_for_the_chat_does_not_open_the_feed as test_a_token  # noqa: F401

EVENT = {"type": 2, "nsp": "/chat", "id": 1}
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "no map": msgpack.packb(["join"]),
    "cut off": msgpack.packb(EVENT | {"data": ["join", {"room": "lobby"}]})[:-1],
    "more after it": msgpack.packb(EVENT | {"data": ["join", {}]}) + b"x",
    "no namespace": msgpack.packb({"type": 2, "data": ["join", {}]}),
    "a namespace that is a number": msgpack.packb(EVENT | {"nsp": 1, "data": ["join", {}]}),
    "a packet type there is none": msgpack.packb(EVENT | {"type": 9, "data": ["join", {}]}),
    "attachments to come": msgpack.packb(EVENT | {"type": 5, "data": ["join", {}]}),
    "a huge list": msgpack.packb(EVENT)[:-1] + b"\x01\xa4data\xdd\xff\xff\xff\xff",
    "no list": msgpack.packb(EVENT | {"data": {"room": "lobby"}}),
    "an empty list": msgpack.packb(EVENT | {"data": []}),
    "a number for a name": msgpack.packb(EVENT | {"data": [7]}),
    "a number for a key": msgpack.packb(EVENT | {"data": ["join", {1: "lobby"}]}),
    "no number": msgpack.packb(EVENT | {"data": ["join", {"room": float("nan")}]}),
    "a time": msgpack.packb(EVENT | {"data": ["join", {"room": msgpack.Timestamp(1)}]}),
    "an extension": msgpack.packb(EVENT | {"data": ["join", msgpack.ExtType(5, b"x")]}),
    "a lone surrogate": b"\x83\xa4type\x02\xa3nsp\xa5/chat\xa4data\x91\xa3\xed\xa0\x80",
    "a deep nest": b"\x83\xa4type\x02\xa3nsp\xa5/chat\xa4data" + b"\x91" * 30_000 + b"\xc0",
    "a negative id": msgpack.packb(EVENT | {"id": -1, "data": ["join", {}]}),
    "a second CONNECT": msgpack.packb({"type": 0, "nsp": "/chat", "data": {"token": "x"}}),
}


@pytest.fixture(scope="module", params=["fast", "stock"], autouse=True)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SERIALIZER, "msgpack")
        patch.setenv("TEST_APP_ENGINE", request.param)
        with running_service({"APP_TRANSPORTS": "polling,websocket"}) as service:
            yield service


@contextmanager
def hello(service: Service, user: str = "ada") -> Iterator[ClientConnection]:
    """A WebSocket that has connected to ``/chat`` by hand."""
    with connect_websocket(address(service)) as socket:
        assert str(socket.recv(timeout=30)).startswith("0")
        send(socket, type=0, nsp="/chat", data={"token": service.token(user)})
        assert received(socket)["type"] == 0
        yield socket


def send(socket: ClientConnection, **packet: Any) -> None:
    socket.send(msgpack.packb(packet))


def received(socket: ClientConnection) -> Any:
    return msgpack.unpackb(socket.recv(timeout=30))


def handshakes(service: Service, namespace: str) -> str:
    return f'socketio_handshakes_total{{nsp="{namespace}",outcome="wrong_serializer"}}'


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_packet(service: Service, case: str) -> None:
    before = len(service.output())
    with hello(service) as socket:
        socket.send(MALFORMED[case])
        until_closed(socket)
    logged = service.output()[before:]
    assert "Traceback" not in logged
    assert '"level":"error"' not in logged.replace(" ", "")


def test_what_javascript_sends_along(service: Service, room: str) -> None:
    """Its ``options``, and ``undefined``, which is an extension."""
    undefined = msgpack.ExtType(0, b"\0")
    with hello(service) as socket:
        data = ["join", {"room": room, "since": undefined}]
        send(socket, type=2, data=data, options={"compress": True}, id=0, nsp="/chat")
        ack = received(socket)
        assert ack["data"][0]["ok"]
        assert (ack["type"], ack["id"], ack["nsp"]) == (3, 0, "/chat")


def test_a_packet_without_data_has_none(service: Service) -> None:
    """JavaScript's parser fails on ``null`` in a DISCONNECT."""
    bearer = {"Authorization": f"Bearer {service.token('op', 'admin')}"}
    with hello(service, "eve") as socket:
        url, revoked = f"{service.url}/api/v1/tokens/revoke", {"sub": "eve"}
        assert httpx.post(url, json=revoked, headers=bearer).is_success
        assert received(socket) == {"type": 1, "nsp": "/chat"}


def test_the_feed(service: Service) -> None:
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        publish(service, ("PACK", 0.5))
        snapshot = watcher.call("subscribe", {"symbols": ["PACK"]})["snapshot"]
        assert [tick["price"] for tick in snapshot] == [0.5]
        assert isinstance(snapshot[0]["at"], str)
        publish(service, ("PACK", 1), ("PACK", 2.5))
        assert prices([watcher.next("ticks")], "PACK") == [1.0, 2.5]


def test_polling(service: Service, room: str) -> None:
    with (
        joined(service.url, service.token("ada"), room) as ada,
        connect(service.url, service.token("bob"), transports=["polling"]) as bob,
    ):
        assert bob.call("join", {"room": room})["ok"]
        assert bob.call("message", {"room": room, "text": "hallo ✓", "id": "1"})["ok"]
        for client in (ada, bob):
            assert client.next("message")["text"] == "hallo ✓"
        assert ada.call("message", {"room": room, "text": "x", "id": "2"})["ok"]
        assert bob.next("message")["text"] == "x"


def test_an_unknown_namespace(service: Service) -> None:
    with pytest.raises(Refused) as refused:
        connect(service.url, service.token(), "/nowhere")
    assert refused.value.data["code"] == "forbidden"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_client_that_speaks_json_is_told_so(service: Service, transport: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SERIALIZER, "json")
        with pytest.raises(Refused, match="this service speaks MessagePack") as refused:
            connect(service.url, service.token(), transports=[transport])
    assert refused.value.data["code"] == "wrong_serializer"
    assert "APP_SERIALIZER" in service.output()
    assert service.output().count("this service speaks MessagePack") == 1
    metrics = httpx.get(f"{service.url}/metrics").text
    assert handshakes(service, "/chat") in metrics


def test_a_client_that_speaks_messagepack_where_json_is_spoken() -> None:
    with running_service({"APP_SERIALIZER": "json"}) as service:
        with connect_websocket(address(service)) as socket:
            socket.recv(timeout=30)
            send(socket, type=0, nsp="/chat", data={"token": service.token()})
            refusal = received(socket)
            assert refusal["data"]["data"] == {"code": "wrong_serializer"}
            assert (refusal["type"], refusal["nsp"]) == (4, "/chat")
            until_closed(socket)
        with pytest.raises(Refused, match="APP_SERIALIZER=json") as refused:
            connect(service.url, service.token())
        assert refused.value.data["code"] == "wrong_serializer"
        assert service.output().count("this service speaks JSON") == 1
        eventually(lambda: handshakes(service, "/chat") in httpx.get(f"{service.url}/metrics").text)


def test_the_contract_names_it(service: Service) -> None:
    document = httpx.get(f"{service.url}/api/asyncapi.json").json()
    assert document["defaultContentType"] == "application/msgpack"
    assert "wrong_serializer" in json.dumps(document["components"]["schemas"]["ConnectRefusal"])
