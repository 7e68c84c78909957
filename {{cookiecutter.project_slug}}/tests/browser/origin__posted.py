"""Where the prices of a test come from: a program posts them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import httpx

from ..support.service import Service

TIMEOUT = 10.0


class Origin:
    """Posts each tick twice: in a batch with one that is none, which is refused, and then alone."""

    settings: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._refusals: list[str] = []

    def offer(self, service: Service, symbol: str, price: float, at: datetime) -> None:
        """Let the service have a tick."""
        good = {"symbol": symbol, "price": price, "at": at.isoformat()}
        refused = _post(service, [good, {"symbol": symbol, "price": "n/a"}])
        assert refused.status_code == 400, refused.text
        self._refusals.append(refused.json()["detail"])
        taken = _post(service, [good])
        assert (taken.status_code, taken.json()) == (202, {"accepted": 1})

    def refusals(self, _service: Service) -> list[str]:
        """What was said about ticks that are none."""
        return self._refusals


def _post(service: Service, ticks: list[dict[str, object]]) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {service.token('desk', 'feed:write')}"}
    url = f"{service.url}/api/v1/ticks"
    return httpx.post(url, json={"ticks": ticks}, headers=bearer, timeout=TIMEOUT)


@contextmanager
def origin() -> Iterator[Origin]:
    yield Origin()
