"""What was accepted is in the database when the service comes back."""

import httpx

from ..support.database import database
from ..support.service import Service, running_service
from ..support.waiting import eventually


def publish(service: Service, prices: range) -> None:
    bearer = {"Authorization": f"Bearer {service.token('desk', 'feed:write')}"}
    body = {"ticks": [{"symbol": "KEPT", "price": price} for price in prices]}
    response = httpx.post(f"{service.url}/api/v1/ticks", json=body, headers=bearer, timeout=10)
    assert response.status_code == 202, response.text


def recorded(service: Service) -> list[float]:
    bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    url = f"{service.url}/api/v1/symbols/KEPT/ticks?limit=1000"
    ticks = httpx.get(url, headers=bearer, timeout=10).json()["ticks"]
    return [tick["price"] for tick in ticks[::-1]]


def test_all_of_it() -> None:
    with database() as url:
        with running_service({"DATABASE_URL": url}) as service:
            publish(service, range(500))
            eventually(lambda: recorded(service) == list(range(500)))
            publish(service, range(500, 700))
            assert service.terminate() == 0  # at once: what waits is written before it ends
        with running_service({"DATABASE_URL": url}) as service:
            assert recorded(service) == list(range(700))
