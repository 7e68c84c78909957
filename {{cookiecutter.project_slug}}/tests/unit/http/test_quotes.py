"""Quotes from another service: partial, or a reason why there are none."""

from collections.abc import AsyncIterator

import pytest

from .conftest import Service, problem, serving


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(APP_QUOTES_URL="https://quotes.example/{symbol}") as service:
        yield service


async def test_what_can_be_had(service: Service) -> None:
    service.quotes.prices = {"A": 1.5, "B": TimeoutError(), "C": OSError()}
    response = await service.client.get(
        "/api/v1/quotes?symbols=A,B,C,A", headers=service.bearer("feed:read")
    )
    assert response.status_code == 200
    assert response.json() == {
        "quotes": [{"symbol": "A", "price": 1.5, "at": "2026-01-31T12:00:00Z"}],
        "missing": [{"symbol": "B", "reason": "timeout"}, {"symbol": "C", "reason": "failed"}],
    }


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [(TimeoutError(), 504, "upstream_timeout"), (OSError(), 502, "upstream_failed")],
)
async def test_nothing_can_be_had(
    service: Service, answer: Exception, status: int, code: str
) -> None:
    service.quotes.prices = {"A": answer}
    response = await service.client.get(
        "/api/v1/quotes?symbols=A", headers=service.bearer("feed:read")
    )
    problem(response, status, code)


@pytest.mark.parametrize("symbols", ["", "a", "A,,B", "A;B", ",".join(f"S{n}" for n in range(101))])
async def test_symbols_are_checked(service: Service, symbols: str) -> None:
    for path in ("quotes", "feed/stream"):
        response = await service.client.get(
            f"/api/v1/{path}", params={"symbols": symbols}, headers=service.bearer("feed:read")
        )
        assert "symbols" in problem(response, 400, "invalid_payload")["detail"]


async def test_nobody_to_ask() -> None:
    async with serving() as service:
        response = await service.client.get(
            "/api/v1/quotes?symbols=A", headers=service.bearer("feed:read")
        )
        assert "APP_QUOTES_URL" in problem(response, 404, "not_configured")["detail"]
