"""The two documents as one page to read: what its template shows, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .schemas import REF, Schema

Document = dict[str, Any]

UNBOUNDED = 2**53 - 1
"""JavaScript's largest exact integer: as an upper bound it tells a reader nothing."""
END_OF_TEXT = r"(?![\s\S])"
"""What a pattern says that must not match before a trailing newline, as ``$`` would."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    link: str | None
    required: bool
    notes: str


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that goes over the wire: its fields and an example."""

    title: str
    doc: str
    fields: list[Field]
    example: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A route or an event. `tag` is what stands before its name: a method or a direction."""

    anchor: str
    tag: str
    name: str
    summary: str
    doc: str
    scope: str | None
    parts: list[Part]
    refusals: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Channel:
    path: str
    doc: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    version: str
    routes: list[Entry]
    channels: list[Channel]
    types: list[Part]


def page(openapi: Document, asyncapi: Document) -> Page:
    named = {**openapi["components"]["schemas"], **asyncapi["components"]["schemas"]}
    return Page(
        title=openapi["info"]["title"],
        version=openapi["info"]["version"],
        routes=list(_routes(openapi)),
        channels=[_channel(asyncapi, name) for name in asyncapi["channels"]],
        types=[
            Part(name, schema.get("description", ""), _fields(schema, named), "")
            for name, schema in sorted(named.items())
            if schema.get("type") == "object"
        ],
    )


def _routes(openapi: Document) -> Iterator[Entry]:
    named = openapi["components"]["schemas"]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            security = operation.get("security", [{}])[0]
            yield Entry(
                anchor=operation["operationId"],
                tag=method.upper(),
                name=path,
                summary=operation["summary"],
                doc=operation.get("description", ""),
                scope=" ".join(security.get("token", [])) or None,
                parts=[
                    *_parameters(operation, named),
                    *_body(operation, named),
                    *_results(operation, named),
                ],
                refusals=_refusals(operation),
            )


def _parameters(operation: Schema, named: dict[str, Schema]) -> Iterator[Part]:
    parameters = operation.get("parameters", [])
    if parameters:
        fields = [
            _field(each["name"], {**each, **each["schema"]}, each["required"], named)
            for each in parameters
        ]
        yield Part("Parameters", "", fields, "")


def _body(operation: Schema, named: dict[str, Schema]) -> Iterator[Part]:
    if "requestBody" in operation:
        [(media_type, content)] = operation["requestBody"]["content"].items()
        title = "Body" if media_type == "application/json" else f"Body, in lines ({media_type})"
        yield _part(title, content["schema"], content.get("example"), named)


def _results(operation: Schema, named: dict[str, Schema]) -> Iterator[Part]:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            [content] = response["content"].values()
            yield _part(f"Answer {status}", content["schema"], content.get("example"), named)


def _refusals(operation: Schema) -> list[tuple[str, list[str]]]:
    return [
        (status, response["description"].removeprefix("code: ").replace("`", "").split(", "))
        for status, response in operation["responses"].items()
        if not status.startswith("2")
    ]


def _channel(asyncapi: Document, name: str) -> Channel:
    channel = asyncapi["channels"][name]
    here = {"$ref": f"#/channels/{name}"}
    entries = [
        _event(asyncapi, key, operation)
        for key, operation in asyncapi["operations"].items()
        if operation["channel"] == here
    ]
    return Channel(channel["address"], channel["description"], entries)


def _event(asyncapi: Document, key: str, operation: Schema) -> Entry:
    components = asyncapi["components"]
    replies = operation.get("reply", {}).get("messages", [])
    parts, refusals = [], []
    for index, ref in enumerate([*operation["messages"], *replies]):
        _, channel, _, identifier = ref["$ref"].removeprefix("#/").split("/", 3)
        message = components["messages"][f"{channel}.{identifier}"]
        title = "Payload" if index == 0 else "Answer"
        if identifier in ("refused", "connect_error"):
            title = "Refusal"
            refusals = [("", _codes(components["schemas"], message["payload"]))]
        sample = message["examples"][0]["payload"]
        parts.append(_part(title, message["payload"], sample, components["schemas"]))
    name = key.partition(".")[2].removesuffix(".notice")
    tag = "send" if operation["action"] == "receive" else "receive"
    return Entry(key, tag, name, operation["summary"], "", None, parts, refusals)


def _codes(named: dict[str, Schema], payload: Schema) -> list[str]:
    properties = named[payload["$ref"].removeprefix(REF)]["properties"]
    code = properties.get("error", {"properties": properties})["properties"]["code"]
    return list(code["enum"])


def _part(title: str, schema: Schema, sample: Any, named: dict[str, Schema]) -> Part:
    target = named[schema["$ref"].removeprefix(REF)] if "$ref" in schema else schema
    text = "" if sample is None else json.dumps(sample, indent=2, ensure_ascii=False)
    return Part(title, target.get("description", ""), _fields(target, named), text)


def _fields(schema: Schema, named: dict[str, Schema]) -> list[Field]:
    required = schema.get("required", [])
    return [
        _field(name, field, name in required, named)
        for name, field in schema.get("properties", {}).items()
    ]


def _field(name: str, schema: Schema, required: bool, named: dict[str, Schema]) -> Field:
    text, link = _type(schema)
    return Field(name, text, link if link in named else None, required, _notes(schema))


def _type(schema: Schema) -> tuple[str, str | None]:
    """A short name of the type, and the named type it links to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return name, name
    if "anyOf" in schema:
        parts = [_type(part) for part in schema["anyOf"]]
        return " or ".join(text for text, _ in parts), next((to for _, to in parts if to), None)
    if schema.get("type") == "array":
        text, link = _type(schema.get("items", {}))
        return f"list of {text}", link
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"]), None
    return schema.get("format") or schema.get("type", "any"), None


def _notes(schema: Schema) -> str:
    """Description and bounds, in words."""
    bounds = next((part for part in schema.get("anyOf", []) if part.get("type") != "null"), schema)
    notes = [schema.get("description", "")]
    for keys, unit in ((("minimum", "maximum"), ""), (("minLength", "maxLength"), " characters")):
        low, high = (bounds.get(key) for key in keys)
        if high is not None and high < UNBOUNDED:
            notes.append(f"{low or 0} to {high}{unit}.")
        elif low is not None:
            notes.append(f"At least {low}{unit}.")
    if "pattern" in bounds:
        notes.append(f"Pattern {bounds['pattern'].replace(END_OF_TEXT, '$')}")
    if schema.get("default") is not None:
        notes.append(f"Default {json.dumps(schema['default'])}.")
    return " ".join(note for note in notes if note)
