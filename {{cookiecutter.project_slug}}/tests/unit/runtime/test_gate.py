"""Whatever a client sends and whatever a handler does, there is an acknowledgement."""

import logging
import time
from typing import Any

import msgspec
import pytest

from {{cookiecutter.package_name}}.domain.contract import Ack, Command, Payload
from {{cookiecutter.package_name}}.runtime import gate as gate_module
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.event_context import add_event_context
from {{cookiecutter.package_name}}.runtime.gate import Gate
from {{cookiecutter.package_name}}.runtime.refusal import Refusal
from {{cookiecutter.package_name}}.runtime.sessions import Session
from {{cookiecutter.package_name}}.runtime.tokens import Claims


class Say(Payload, frozen=True):
    text: str
    times: int = 1


class Said(Ack, frozen=True):
    text: str


class NotToday(Exception):
    pass


def session(ends_in: float = 60) -> Session:
    now = time.time()
    return Session("s1", "c1", "/t", "127.0.0.1", Claims("ada", now, now + ends_in), now + ends_in)


class Handler:
    """Does what the test wants."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.delay = 0.0
        self.wait = 0.0
        command = Command("say", Say, Said, "Say it.")
        self.gate = Gate(
            "/t", {"say": (command, self.say)}, limits={}, limit=self.limit, explain=self.explain
        )

    async def say(self, session: Session, payload: Any) -> Said:
        await mode.sleep(self.delay)
        if self.error:
            raise self.error
        return Said(text=payload.text * payload.times)

    async def limit(self, user: str) -> float:
        return self.wait

    def explain(self, error: Exception) -> Refusal | None:
        return Refusal("forbidden", "not today") if isinstance(error, NotToday) else None

    async def refused(self, event: str = "say", *args: Any) -> dict[str, Any]:
        ack = await self.gate(session(), event, args or ({"text": "hi"},))
        assert ack["ok"] is False
        assert ack["error"]["request_id"]
        error: dict[str, Any] = ack["error"]
        return error


async def test_the_answer_of_the_handler() -> None:
    ack = await Handler().gate(session(), "say", ({"text": "hi", "times": 2},))
    assert msgspec.to_builtins(ack) == {"ok": True, "text": "hihi"}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"text": 1}, "text"),
        ({}, "text"),
        ({"text": "hi", "colour": "red"}, "colour"),
        ({"text": "hi", "times": "2"}, "times"),
        ({"text": "hi", "__proto__": {}}, "__proto__"),
        ([], ""),
        ("hi", ""),
        (None, ""),
        ({"text": b"hi"}, "text"),
    ],
)
async def test_an_invalid_payload_names_the_field(payload: object, field: str) -> None:
    error = await Handler().refused("say", payload)
    assert error["code"] == "invalid_payload"
    assert field in error["message"]


async def test_the_number_of_arguments() -> None:
    assert (await Handler().refused("say", {"text": "a"}, 2))["code"] == "invalid_payload"
    ack = await Handler().gate(session(), "say", ())
    assert ack["error"]["code"] == "invalid_payload"


async def test_an_unknown_event() -> None:
    error = await Handler().refused("shout")
    assert error["code"] == "unknown_event"
    assert "say" in error["message"]


async def test_limited() -> None:
    handler = Handler()
    handler.wait = 2.5
    error = await handler.refused()
    assert (error["code"], error["retry_after"]) == ("rate_limited", 2.5)


async def test_an_event_with_a_limit_of_its_own_is_held_to_that() -> None:
    users: list[str] = []

    async def own(user: str) -> float:
        users.append(user)
        return 1.5

    handler = Handler()
    command = Command("say", Say, Said, "Say it.")
    commands = dict.fromkeys(("say", "whisper"), (command, handler.say))
    gate = Gate("/t", commands, limits={"say": own}, limit=handler.limit, explain=handler.explain)
    limited = await gate(session(), "say", ({"text": "hi"},))
    assert (limited["error"]["code"], users) == ("rate_limited", [session().user])
    assert msgspec.to_builtins(await gate(session(), "whisper", ({"text": "hi"},)))["ok"]


async def test_a_refusal_of_the_product_is_explained() -> None:
    handler = Handler()
    handler.error = NotToday()
    assert (await handler.refused())["code"] == "forbidden"


async def test_a_failing_handler_is_acknowledged_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler = Handler()
    handler.error = RuntimeError("password is hunter2")
    with caplog.at_level(logging.ERROR):
        error = await handler.refused()
    assert error["code"] == "internal"
    assert "hunter2" not in error["message"]
    assert len(caplog.records) == 1


async def test_a_slow_handler_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "HANDLER_TIMEOUT", 0.05)
    handler = Handler()
    handler.delay = 5
    assert (await handler.refused())["code"] == "overloaded"


async def test_without_a_session_or_after_its_end() -> None:
    gate = Handler().gate
    for ended in (None, session(ends_in=-1)):
        ack = await gate(ended, "say", ({"text": "hi"},))
        assert ack["error"]["code"] == "forbidden"


async def test_too_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_IN_FLIGHT", 2)
    handler = Handler()
    handler.delay = 0.2
    acks = await mode.together(
        *(lambda: handler.gate(session(), "say", ({"text": "hi"},)) for _ in range(5))
    )
    refused = [ack for ack in acks if isinstance(ack, dict)]
    assert [ack["error"]["code"] for ack in refused] == ["overloaded"] * 3


async def test_a_line_of_the_log_says_of_which_event_it_is() -> None:
    line: dict[str, Any] = {"user": "given"}

    async def say(session: Session, payload: Any) -> Said:
        await mode.sleep(0.001)
        line.update(add_event_context(None, "", line))
        raise NotToday

    handler = Handler()
    command = Command("say", Say, Said, "Say it.")
    gate = Gate(
        "/t", {"say": (command, say)}, limits={}, limit=handler.limit, explain=handler.explain
    )
    ack = await gate(session(), "say", ({"text": "hi"},))
    assert line == {
        "request_id": ack["error"]["request_id"],
        "namespace": "/t",
        "event_name": "say",
        "user": "given",
    }
    assert add_event_context(None, "", {}) == {}
