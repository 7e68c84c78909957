"""Rooms, messages, presence and recovery, as two people see them."""

import json
import time
from typing import Any

import httpx

from ..support.client import Client, connect, joined
from ..support.service import Service, running_service


def say(client: Client, room: str, number: int) -> dict[str, Any]:
    ack = client.call("message", {"room": room, "text": f"text {number}", "id": f"m{number}"})
    assert ack["ok"], ack
    return ack


def offsets(messages: list[dict[str, Any]]) -> list[int]:
    return [message["offset"] for message in messages]


def comers(notices: list[dict[str, Any]]) -> list[str]:
    return [user for notice in notices for user in notice["joined"]]


def test_two_people_talk(service: Service, room: str) -> None:
    with (
        joined(service.url, service.token("ada"), room) as ada,
        connect(service.url, service.token("bob")) as bob,
    ):
        ack = bob.call("join", {"room": room})
        assert ack["room"] == room
        assert ack["members"] == ["ada", "bob"]
        assert (ack["offset"], ack["recovered"], ack["messages"]) == (0, False, [])
        assert ada.next("presence") == {"room": room, "joined": ["bob"], "left": []}

        sent = bob.call("message", {"room": room, "text": "hallo ✓", "id": "m1"})
        assert sent == {"ok": True, "id": "m1", "offset": 1, "duplicate": False}
        for client in (ada, bob):
            message = client.next("message")
            assert message.pop("sent_at").endswith("Z")
            assert message == {
                "room": room,
                "id": "m1",
                "offset": 1,
                "epoch": ack["epoch"],
                "user": "bob",
                "text": "hallo ✓",
            }


def test_the_same_id_is_one_message(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        assert say(ada, room, 1)["duplicate"] is False
        again = say(ada, room, 1)
        assert (again["duplicate"], again["offset"]) == (True, 1)
        assert say(ada, room, 2)["offset"] == 2
        assert offsets(ada.all("message", until=lambda found: len(found) >= 2)) == [1, 2]
        with joined(service.url, service.token("bob"), room) as bob:
            assert say(bob, room, 1)["duplicate"] is False  # an id is its sender's own


def test_a_returning_client_gets_exactly_what_it_missed(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        with joined(service.url, service.token("bob"), room) as bob:
            say(ada, room, 1)
            seen = bob.next("message")
        for number in range(2, 6):
            say(ada, room, number)
        since = {"epoch": seen["epoch"], "offset": seen["offset"]}
        with connect(service.url, service.token("bob")) as bob:
            ack = bob.call("join", {"room": room, "since": since})
            assert ack["recovered"] is True
            assert offsets(ack["messages"]) == [2, 3, 4, 5]
            say(ada, room, 6)
            assert bob.next("message")["offset"] == 6


def test_what_cannot_be_recovered_is_not_called_recovered(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        for number in range(1, 4):
            say(ada, room, number)
        here = ada.call("join", {"room": room})
        for since in (
            {"epoch": "another", "offset": 1},
            {"epoch": here["epoch"], "offset": 4},
            {"epoch": here["epoch"], "offset": 2**53 - 1},
        ):
            ack = ada.call("join", {"room": room, "since": since})
            assert ack["ok"]
            assert ack["recovered"] is False
            assert offsets(ack["messages"]) == [1, 2, 3]
        ack = ada.call("join", {"room": room, "since": {"epoch": here["epoch"], "offset": 3}})
        assert (ack["recovered"], ack["messages"]) == (True, [])


def test_pipelined_messages_keep_their_order(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        for number in range(1, 16):
            event = ["message", {"room": room, "text": "t", "id": f"p{number}"}]
            ada.send_raw("2/chat," + json.dumps(event))
        found = ada.all("message", until=lambda found: len(found) >= 15)
        assert [message["id"] for message in found] == [f"p{n}" for n in range(1, 16)]
        assert offsets(found) == list(range(1, 16))


def test_presence_is_by_user_and_told_once(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        with joined(service.url, service.token("bob"), room):
            with joined(service.url, service.token("bob"), room):
                assert ada.next("presence")["joined"] == ["bob"]
            assert ada.all("presence") == []
        assert ada.next("presence") == {"room": room, "joined": [], "left": ["bob"]}


def test_a_crowd_is_told_in_batches(service: Service, room: str) -> None:
    with joined(service.url, service.token("ada"), room) as ada:
        clients = [connect(service.url, service.token(f"user{n}")) for n in range(20)]
        for client in clients:
            assert client.call("join", {"room": room})["ok"]
        notices = ada.all("presence", quiet=1, until=lambda found: len(comers(found)) >= 20)
        assert sorted(comers(notices)) == sorted(f"user{n}" for n in range(20))
        assert len(notices) < 20
        for client in clients:
            client.close()


def test_leaving(service: Service, room: str) -> None:
    with (
        joined(service.url, service.token("ada"), room) as ada,
        joined(service.url, service.token("bob"), room) as bob,
    ):
        assert bob.call("leave", {"room": room}) == {"ok": True, "room": room}
        assert ada.next("presence")["joined"] == ["bob"]
        assert ada.next("presence")["left"] == ["bob"]
        say(ada, room, 1)
        assert bob.all("message") == []
        for event in ("leave", "message"):
            payload = {"room": room} | ({"text": "x", "id": "1"} if event == "message" else {})
            assert bob.call(event, payload)["error"]["code"] == "not_in_room"


def test_the_rooms_claim_restricts(service: Service) -> None:
    token = service.token("ada", rooms=["team-*"])
    with connect(service.url, token) as client:
        assert client.call("join", {"room": "team-7"})["ok"]
        assert client.call("join", {"room": "board"})["error"]["code"] == "forbidden"
        assert client.call("join", {"room": "team*"})["error"]["code"] == "invalid_payload"


def test_messages_are_limited_and_say_when_to_retry(room: str) -> None:
    with (
        running_service({"APP_RATE_MESSAGE": "120/60s:20"}) as service,
        joined(service.url, service.token("ada"), room) as client,
    ):
        began = time.monotonic()
        for number in range(40):
            ack = client.call("message", {"room": room, "text": "x", "id": str(number)})
            if not ack["ok"]:
                break
        error = ack["error"]
        assert error["code"] == "rate_limited"
        assert 20 <= number <= 20 + (time.monotonic() - began) / 0.5
        time.sleep(error["retry_after"])
        assert client.call("message", {"room": room, "text": "x", "id": str(number)})["ok"]


def test_history_over_http(service: Service, room: str) -> None:
    token = service.token("ada")
    headers = {"Authorization": f"Bearer {token}"}
    with joined(service.url, token, room) as ada:
        for number in range(1, 6):
            say(ada, room, number)
    url = f"{service.url}/api/v1/rooms/{room}/messages"
    first = httpx.get(url, params={"limit": 3}, headers=headers).json()
    assert offsets(first["messages"]) == [5, 4, 3]
    rest = httpx.get(url, params={"limit": 3, "before": first["next"]}, headers=headers).json()
    assert offsets(rest["messages"]) == [2, 1]
    assert rest["next"] is None
    assert httpx.get(url).status_code == 401
