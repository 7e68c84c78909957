"""One trace over several workers, over Redis."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from ..support.client import connect, joined
from ..support.collector import Collector, running_collector
from ..support.service import Service, running_service
from ..support.valkey import Valkey


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def services(
    collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Service]]:
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    with ExitStack() as stack:
        stack.callback(valkey.kill)
        env = {"REDIS_URL": valkey.url}
        one = stack.enter_context(running_service({**env, **collector.environment}))
        env["APP_JWT_SECRET"] = one.secret
        yield [one, stack.enter_context(running_service({**env, **collector.environment}))]


def test_an_event_is_one_trace_to_the_other_worker(
    services: list[Service], collector: Collector, room: str
) -> None:
    one, other = services
    with joined(other.url, one.token("bob"), room) as bob, joined(one.url, one.token("ada"), room):
        while "ada" not in bob.next("presence")["joined"]:
            pass
        delivered = collector.wait_for(
            "deliver socketio",
            where=lambda one: collector.above(one) == ["publish socketio", "join /chat"],
        )
    [sent] = collector.named("join /chat", delivered.trace)
    assert delivered.process != sent.process


def test_ticks_are_one_trace_from_the_request(
    services: list[Service], collector: Collector
) -> None:
    one, other = services
    trace, above = secrets.token_hex(16), secrets.token_hex(8)
    with connect(other.url, one.token(scope="feed:read"), "/feed") as client:
        assert client.call("subscribe", {"symbols": ["TRACED"]})["ok"]
        answer = httpx.post(
            f"{one.url}/api/v1/ticks",
            json={"ticks": [{"symbol": "TRACED", "price": 1.5}]},
            headers={
                "Authorization": f"Bearer {one.token(scope='feed:write')}",
                "traceparent": f"00-{trace}-{above}-01",
            },
        )
        assert answer.status_code == 202, answer.text
        assert client.next("ticks")["ticks"][0]["symbol"] == "TRACED"
    delivered = collector.wait_for("deliver ticks", trace)
    request = collector.wait_for("POST /api/v1/ticks", trace)
    assert request.parent == above
    assert collector.above(delivered) == ["publish ticks", "POST /api/v1/ticks"]
    assert delivered.process != request.process
    commands = [s for s in collector.spans if s.trace == trace and "db.system" in s.attributes]
    assert any(span.attributes["db.system"] == "redis" for span in commands)
