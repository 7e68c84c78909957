"""A client that stops reading costs bounded memory, then its connection; others do not notice."""

import json
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_websocket

from ..support.client import joined
from ..support.service import Service, running_service
from ..support.waiting import eventually

MESSAGES = 1200
TEXT = "x" * 4000


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service({"APP_MAX_SEND_BYTES": "200000"}) as service:
        yield service


def slow_readers(service: Service) -> float:
    lines = httpx.get(f"{service.url}/metrics").text.splitlines()
    [line] = [line for line in lines if line.startswith("socketio_slow_readers_total ")]
    return float(line.split()[1])


def test_who_stops_reading_is_hung_up_on_and_the_others_get_everything(service: Service) -> None:
    url = service.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    with (
        connect_websocket(url, max_queue=1, ping_interval=None, close_timeout=1) as slow,
        joined(service.url, service.token("reader"), "lobby") as reader,
        joined(service.url, service.token("writer"), "lobby") as writer,
    ):
        slow.recv(timeout=5)
        slow.send("40/chat," + json.dumps({"token": service.token("slow")}))
        slow.recv(timeout=5)
        slow.send('42/chat,1["join",{"room":"lobby"}]')
        assert '"ok":true' in str(slow.recv(timeout=5))
        for number in range(MESSAGES):
            ack = writer.call("message", {"room": "lobby", "text": TEXT, "id": f"m{number}"})
            assert ack["ok"]
        assert [reader.next("message")["id"] for _ in range(MESSAGES)] == [
            f"m{number}" for number in range(MESSAGES)
        ]
        eventually(lambda: slow_readers(service) == 1.0)
        received = 0
        with suppress(ConnectionClosed):
            while True:
                slow.recv(timeout=15)
                received += 1
        assert received < MESSAGES
    assert "reads too slowly" in service.output()
    assert "Traceback" not in service.output()
