"""The contract as it is served and written: complete, consistent, the same every time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from {{cookiecutter.package_name}}.domain.errors import RefusalCode
from {{cookiecutter.package_name}}.domain.namespaces import NAMESPACES
from {{cookiecutter.package_name}}.http import contract
from {{cookiecutter.package_name}}.http.codes import CODES

from .conftest import Service, serving


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def resolve(document: Any, ref: str) -> Any:
    node = document
    for step in ref.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_written_files_are_the_same_every_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in contract.write_contract(tmp_path / "a")]
    second = [path.read_bytes() for path in contract.write_contract(tmp_path / "b")]
    assert first == second
    assert sorted(contract.documents()) == ["asyncapi.json", "events.ts", "openapi.json"]


@pytest.mark.parametrize("name", ["asyncapi.json", "openapi.json"])
async def test_what_is_served_is_what_is_written(name: str) -> None:
    async with serving("test") as service:
        served = await service.client.get(f"/api/{name}")
    assert served.headers["Content-Type"] == "application/json"
    assert served.json() == json.loads(contract.documents()[name])


@pytest.mark.parametrize("name", ["asyncapi.json", "openapi.json"])
def test_every_reference_leads_somewhere(name: str) -> None:
    document = json.loads(contract.documents()[name])
    found = set(refs(document))
    assert found
    for ref in found:
        assert resolve(document, ref)


async def test_every_route_of_the_api_is_described(service: Service) -> None:
    described = (await service.client.get("/api/openapi.json")).json()["paths"]
    served = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in service.http.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/dev/"))
    }
    assert set(described) == served - {"/api/docs"}


def test_the_development_route_is_no_part_of_what_is_written() -> None:
    assert "/dev/token" not in json.loads(contract.documents()["openapi.json"])["paths"]


def test_every_event_is_described_with_an_example_that_is_valid() -> None:
    document = json.loads(contract.documents()["asyncapi.json"])
    messages = document["components"]["messages"]
    for namespace in NAMESPACES:
        channel = namespace.path.strip("/")
        for command in namespace.commands:
            operation = document["operations"][f"{channel}.{command.name}"]
            assert operation["action"] == "receive"
            assert len(operation["reply"]["messages"]) == 2
            valid(messages[f"{channel}.{command.name}"], command.payload)
            valid(messages[f"{channel}.{command.name}.ack"], command.ack)
        for notice in namespace.notices:
            assert document["operations"][f"{channel}.{notice.name}.notice"]["action"] == "send"
            valid(messages[f"{channel}.{notice.name}.notice"], notice.payload)


def valid(message: dict[str, Any], type_: type[msgspec.Struct]) -> None:
    msgspec.convert(message["examples"][0]["payload"], type_)


def test_an_acknowledgement_always_says_ok() -> None:
    schemas = json.loads(contract.documents()["asyncapi.json"])["components"]["schemas"]
    assert "ok" in schemas["Joined"]["required"]
    assert schemas["Refusal"]["properties"]["ok"] == {"enum": [False]}


async def test_every_code_is_explained(service: Service) -> None:
    page = (await service.client.get("/api/docs")).text
    for code in {*get_args(RefusalCode), *contract.EVENT_CODES.connect, *CODES}:
        assert f'<dt id="{code}">' in page


async def test_the_page_shows_every_route_and_event_and_runs_no_script(service: Service) -> None:
    response = await service.client.get("/api/docs")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    page = response.text
    assert "<script" not in page
    assert "style=" not in page
    assert "/api/v1/rooms/{room}/messages" in page
    for namespace in NAMESPACES:
        docs = [command.doc for command in namespace.commands]
        for doc in docs + [notice.doc for notice in namespace.notices]:
            assert doc in page
