"""Reading a room's messages back, page by page, with the right token."""

from typing import Any

import pytest

from .conftest import Service, problem

LOBBY = "/api/v1/rooms/lobby/messages"


def offsets(page: dict[str, Any]) -> list[int]:
    return [message["offset"] for message in page["messages"]]


async def test_newest_first_and_every_message_once(service: Service) -> None:
    service.log.size = 120
    seen: list[int] = []
    query, pages = "", 0
    while True:
        response = await service.client.get(LOBBY + query, headers=service.bearer())
        assert response.status_code == 200
        page = response.json()
        seen += offsets(page)
        pages += 1
        if page["next"] is None:
            break
        query = f"?before={page['next']}"
    assert seen == list(range(120, 0, -1))
    assert pages == 3


async def test_no_empty_last_page(service: Service) -> None:
    service.log.size = 10
    page = (await service.client.get(f"{LOBBY}?limit=10", headers=service.bearer())).json()
    assert len(page["messages"]) == 10
    assert page["next"] is None


async def test_an_empty_room(service: Service) -> None:
    response = await service.client.get(LOBBY, headers=service.bearer())
    assert response.json() == {"messages": [], "next": None}


async def test_a_message_as_it_is_delivered_live(service: Service) -> None:
    service.log.size = 1
    page = (await service.client.get(LOBBY, headers=service.bearer())).json()
    assert page["messages"] == [
        {
            "room": "lobby",
            "id": "m-1",
            "offset": 1,
            "epoch": "e",
            "user": "ada",
            "text": "hi",
            "sent_at": "2026-01-31T12:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("before=-1", "before"),
        ("before=", "before"),
        ("before=null", "before"),
        ("before=NULL", "before"),
        ("limit=null", "limit"),
        ("befroe=3", "befroe"),
        ("limit=1&limit=2", "limit"),
    ],
)
async def test_a_bad_query_names_the_field(service: Service, query: str, field: str) -> None:
    response = await service.client.get(f"{LOBBY}?{query}", headers=service.bearer())
    assert field in problem(response, 400, "invalid_payload")["detail"]


@pytest.mark.parametrize("room", ["Lobby", "-a", "a" * 65, "a%0a", "%ff", "l%C3%B6bby", "a*"])
async def test_a_bad_room_name(service: Service, room: str) -> None:
    response = await service.client.get(f"/api/v1/rooms/{room}/messages", headers=service.bearer())
    assert "room" in problem(response, 400, "invalid_payload")["detail"]


async def test_the_rooms_claim_restricts(service: Service) -> None:
    headers = service.bearer(rooms=["team-*"])
    allowed = await service.client.get("/api/v1/rooms/team-a/messages", headers=headers)
    assert allowed.status_code == 200
    problem(await service.client.get(LOBBY, headers=headers), 403, "forbidden")


async def test_a_store_that_does_not_answer(service: Service) -> None:
    service.log.down = True
    response = await service.client.get(LOBBY, headers=service.bearer())
    assert problem(response, 503, "overloaded")["retry_after"] == 1.2
    assert response.headers["Retry-After"] == "2"
