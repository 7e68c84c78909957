"""The log of the whole process: one form, the caller's id in it, and never a token."""

import json
import secrets

import httpx
import msgspec

from {{cookiecutter.package_name}}.runtime.server_lines import FILTERED
from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.client import connect
from ..support.service import Service, running_service
from ..support.waiting import eventually


def test_every_line_of_a_life_is_json_and_holds_no_token() -> None:
    with running_service({"APP_LOG_LEVEL": "debug"}) as service:
        token = service.token()
        with connect(service.url, token) as client:
            client.call("join", {"room": "lobby"})
            client.call("token_refresh", {"token": service.token(lifetime=600)})
            client.call("token_refresh", {"token": token[:-4]})
            client.send_raw("2/chat,[" + json.dumps(token))
        httpx.get(f"{service.url}/api/v1/rooms/lobby/messages?token={token}")
        headers = {"Authorization": f"Bearer {token}x", "Cookie": f"token={token}"}
        httpx.get(f"{service.url}/api/v1/rooms/lobby/messages", headers=headers)
        service.terminate()
        lines = [msgspec.json.decode(line) for line in service.output().splitlines()]
        servers = {*FILTERED, f"{PACKAGE}.runtime.servers"}
        assert servers & {line["logger"] for line in lines}
        assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
        _, payload, signature = token.split(".")
        assert payload not in service.output()
        assert signature not in service.output()
        assert service.secret not in service.output()


def test_the_callers_id_is_on_the_lines_of_its_request(service: Service) -> None:
    mine = f"trace-{secrets.token_hex(8)}"
    answer = httpx.get(f"{service.url}/api/v1/rooms/x/messages", headers={"X-Request-ID": mine})
    assert answer.headers["x-request-id"] == mine
    assert answer.json()["request_id"] == mine
    eventually(lambda: mine in service.output())
    lines = [msgspec.json.decode(line) for line in service.output().splitlines()]
    found = [line for line in lines if line.get("request_id") == mine]
    assert [line["path"] for line in found if line["event"] == "request"] == [
        "/api/v1/rooms/x/messages"
    ]
