"""Whatever goes wrong, the answer is a problem document and tells nothing that is ours."""

import logging
from collections.abc import AsyncIterator

import pytest
import structlog

from {{cookiecutter.package_name}}.http import MAX_BODY_BYTES

from .conftest import Service, problem

REVOKE = "/api/v1/tokens/revoke"
JSON = {"Content-Type": "application/json"}


async def test_no_such_address(service: Service) -> None:
    body = problem(await service.client.get("/nothing"), 404, "not_found")
    assert body["title"] == "Not Found"


async def test_wrong_method(service: Service) -> None:
    response = await service.client.get(REVOKE)
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


async def test_too_large(service: Service) -> None:
    body = b'{"jti": "' + b"x" * MAX_BODY_BYTES + b'"}'
    headers = service.bearer("admin") | JSON
    response = await service.client.post(REVOKE, content=body, headers=headers)
    problem(response, 413, "too_large")


async def test_too_large_without_saying_so(service: Service) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b" " * (MAX_BODY_BYTES + 1)

    headers = service.bearer("admin") | JSON
    response = await service.client.post(REVOKE, content=body(), headers=headers)
    problem(response, 413, "too_large")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_not_json_by_its_own_account(service: Service, kind: str | None) -> None:
    headers = service.bearer("admin") | ({"Content-Type": kind} if kind else {})
    response = await service.client.post(REVOKE, content=b'{"jti": "a"}', headers=headers)
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"jti": "\xff"}',
        b'{"jti": "\\ud800"}',
        b'{"jti": "a"} {}',
        b'{"jti": ' + b"[" * 100_000,
        b"[" * 100_000,
    ],
)
async def test_not_json(service: Service, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    headers = service.bearer("admin") | JSON
    response = await service.client.post(REVOKE, content=body, headers=headers)
    problem(response, 400, "invalid_payload")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_fault_of_ours_is_logged_once_and_not_shown(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    async def fault() -> str:
        raise RuntimeError("the password is hunter2")

    service.http.add_url_rule("/fault", view_func=fault)
    response = await service.client.get("/fault")
    problem(response, 500, "internal")
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].exc_info is not None


async def test_the_request_id_is_that_of_the_log(service: Service) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        response = await service.client.get("/nothing")
    assert problem(response, 404, "not_found")["request_id"] == "r-1"


async def test_the_type_leads_to_where_the_code_is_explained(service: Service) -> None:
    body = problem(await service.client.get("/nothing"), 404, "not_found")
    page, _, anchor = body["type"].partition("#")
    assert f'<dt id="{anchor}">' in (await service.client.get(page)).text
