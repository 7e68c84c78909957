"""The builders of the contract, on a small contract of their own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from {{cookiecutter.package_name}}.runtime import contract
from {{cookiecutter.package_name}}.runtime.contract import asyncapi, openapi, typescript
from {{cookiecutter.package_name}}.runtime.contract.examples import example
from {{cookiecutter.package_name}}.runtime.contract.page import page

CODES = contract.EventCodes(refusal=("bad",), connect=("worse",))


class Point(msgspec.Struct):
    x: float
    label: str | None = None


class Draw(msgspec.Struct, forbid_unknown_fields=True):
    """A line; ends with */ or not."""

    points: list[Point]
    colour: Literal["red", "blue"] = "red"
    width: Annotated[int, Meta(ge=1, le=9, description="In pixels.")] = 1


class Drawn(msgspec.Struct, kw_only=True):
    ok: Literal[True] = True
    at: Annotated[datetime, Meta(tz=True)]
    also: dict[str, list[int | None]]


class Cleared(msgspec.Struct):
    by: str | UnsetType = UNSET


@dataclass(frozen=True)
class Command:
    name: str
    payload: type[msgspec.Struct]
    ack: type[msgspec.Struct]
    doc: str


@dataclass(frozen=True)
class Notice:
    name: str
    payload: type[msgspec.Struct]
    doc: str


@dataclass(frozen=True)
class Namespace:
    path: str
    scope: str
    commands: tuple[Command, ...]
    notices: tuple[Notice, ...]


BOARD = Namespace(
    path="/white-board",
    scope="draw",
    commands=(Command("draw", Draw, Drawn, "Draw a line."),),
    notices=(Notice("draw", Draw, "Somebody drew."), Notice("clear:all", Cleared, "Wiped.")),
)


def events() -> dict[str, Any]:
    return asyncapi.build(title="T", version="1", namespaces=[BOARD], codes=CODES)


def http(operation: contract.Operation) -> dict[str, Any]:
    route = contract.Route("POST", "/boards/{board}", operation)
    return openapi.build(title="T", version="1", routes=[route])


class Path(msgspec.Struct):
    board: Annotated[str, Meta(max_length=5, description="Which.")]


class Query(msgspec.Struct):
    dry: bool | None = None


OPERATION = contract.Operation(
    name="draw",
    summary="Draw",
    doc="Some words.",
    scope="draw",
    path=Path,
    query=Query,
    body=Draw,
    body_type="application/json",
    result=Drawn,
    status=201,
    media_type="application/json",
    failures=[(400, "bad"), (400, "worse"), (429, "slow")],
)


def test_a_command_is_answered_and_a_notice_is_not() -> None:
    operations = events()["operations"]
    replies = operations["white-board.draw"]["reply"]["messages"]
    assert [reply["$ref"].rpartition("/")[2] for reply in replies] == ["draw.ack", "refused"]
    assert "reply" not in operations["white-board.draw.notice"]


def test_the_namespace_is_entered_with_a_token_or_refused() -> None:
    document = events()
    connect = document["operations"]["white-board.connect"]
    assert connect["reply"]["messages"][0]["$ref"].endswith("/connect_error")
    refusal = document["components"]["schemas"]["ConnectRefusal"]
    assert refusal["properties"]["code"] == {"enum": ["worse"]}
    assert refusal["required"] == ["code"]


def test_what_is_sent_has_all_its_fields_and_what_comes_may_lack_some() -> None:
    schemas = events()["components"]["schemas"]
    assert schemas["Draw"]["required"] == ["points"]
    assert set(schemas["Drawn"]["required"]) == {"ok", "at", "also"}
    assert schemas["Cleared"]["required"] == []


def test_an_operation() -> None:
    document = http(OPERATION)
    written = document["paths"]["/boards/{board}"]["post"]
    board, dry = written["parameters"]
    assert (board["in"], board["required"], board["description"]) == ("path", True, "Which.")
    assert (dry["in"], dry["required"], dry["schema"]) == ("query", False, {"type": "boolean"})
    assert written["security"] == [{"token": ["draw"]}]
    assert set(written["responses"]) == {"201", "400", "429"}
    assert written["responses"]["400"]["description"] == "code: `bad`, `worse`"
    assert "Retry-After" in written["responses"]["429"]["headers"]
    assert set(document["components"]["schemas"]) == {"Draw", "Drawn", "Point", "Problem"}


def test_the_types_of_typescript() -> None:
    text = typescript.build(namespaces=[BOARD], codes=CODES)
    for line in (
        'colour?: "blue" | "red";',
        "/** In pixels. */\n  width?: number;",
        "points: Point[];",
        "label?: string | null;",
        "ok: true;",
        "also: Record<string, (number | null)[]>;",
        "by?: string;",
        "/** A line; ends with * / or not. */",
        "draw: (payload: Draw, ack: (reply: Drawn | Refusal) => void) => void;",
        '"clear:all": (event: Cleared) => void;',
        "export interface WhiteBoardClientToServerEvents {",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "field"),
        ({"type": "string", "format": "date-time"}, "2026-01-31T12:00:00Z"),
        ({"type": "string", "examples": ["a"]}, "a"),
        ({"type": "integer", "minimum": 100}, 100),
        ({"type": "integer", "maximum": 9}, 9),
        ({"enum": ["x", "y"]}, "x"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, False),
        ({"type": "array", "items": {"type": "null"}}, [None]),
        ({"$ref": "#/components/schemas/A"}, {"b": "b"}),
        ({}, None),
    ],
)
def test_an_example(schema: dict[str, Any], expected: object) -> None:
    named = {"A": {"type": "object", "properties": {"b": {"type": "string"}}}}
    assert example(schema, named, "field") == expected


def test_the_page_has_all_of_it() -> None:
    read = page(http(OPERATION), events())
    (route,) = read.routes
    assert (route.tag, route.name, route.scope) == ("POST", "/boards/{board}", "draw")
    assert [part.title for part in route.parts] == ["Parameters", "Body", "Answer 201"]
    assert route.refusals[0] == ("400", ["bad", "worse"])
    (channel,) = read.channels
    entries = {(entry.tag, entry.name): entry for entry in channel.entries}
    assert set(entries) == {
        ("send", "connect"),
        ("send", "draw"),
        ("receive", "draw"),
        ("receive", "clear:all"),
    }
    sent = entries["send", "draw"]
    assert [part.title for part in sent.parts] == ["Payload", "Answer", "Refusal"]
    assert sent.refusals == [("", ["bad"])]
    points, colour, width = sent.parts[0].fields
    assert (points.type, points.link, points.required) == ("list of Point", "Point", True)
    assert (colour.type, colour.required) == ('"blue" or "red"', False)
    assert width.notes == "In pixels. 1 to 9. Default 1."
