"""TypeScript types of the events, for ``Socket<ServerToClientEvents, ClientToServerEvents>``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import inspect

from . import EventCodes, Namespace
from .schemas import always_present, structs

HEADER = """\
// Written by `make contract` from the event types of the service. Do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   const socket: Socket<%(prefix)sServerToClientEvents, %(prefix)sClientToServerEvents> =
//     io("%(path)s", { transports: ["websocket"], auth: { token } });
"""
PRIMITIVES: dict[type[inspect.Type], str] = {
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
    inspect.BytesType: "string",
    inspect.DateTimeType: "string",
    inspect.DateType: "string",
    inspect.TimeType: "string",
    inspect.UUIDType: "string",
    inspect.DecimalType: "string",
}


def build(*, namespaces: Sequence[Namespace], codes: EventCodes) -> str:
    inbound = structs(command.payload for namespace in namespaces for command in namespace.commands)
    outbound = structs(
        type_
        for namespace in namespaces
        for type_ in (
            *(command.ack for command in namespace.commands),
            *(notice.payload for notice in namespace.notices),
        )
    )
    first = namespaces[0]
    blocks = [HEADER % {"prefix": _prefix(first), "path": first.path}, *_common(codes)]
    blocks += [
        _interface(struct, incoming=struct in inbound)
        for struct in dict.fromkeys([*inbound, *outbound])
    ]
    blocks += [block for namespace in namespaces for block in _events(namespace)]
    return "\n".join(blocks)


def _common(codes: EventCodes) -> Iterator[str]:
    yield _alias("RefusalCode", codes.refusal)
    yield _alias("ConnectRefusalCode", codes.connect)
    yield (
        "/** `data` of the error that a refused connection gets. Times are in seconds. */\n"
        "export interface ConnectRefusal {\n"
        "  code: ConnectRefusalCode;\n  retry_after?: number;\n}\n"
    )
    yield (
        "/** The acknowledgement of an event that was not carried out. */\n"
        "export interface Refusal {\n  ok: false;\n"
        "  error: {\n    code: RefusalCode;\n    message: string;\n"
        "    retry_after?: number;\n    request_id: string;\n  };\n}\n"
    )


def _alias(name: str, values: Sequence[str]) -> str:
    lines = "".join(f"\n  | {json.dumps(value)}" for value in values)
    return f"export type {name} ={lines};\n"


def _events(namespace: Namespace) -> Iterator[str]:
    prefix = _prefix(namespace)
    yield _block(
        f"What a client sends to {namespace.path}, each with its acknowledgement.",
        f"{prefix}ClientToServerEvents",
        [
            _described(
                command.doc,
                f"{_key(command.name)}: (payload: {command.payload.__name__}, "
                f"ack: (reply: {command.ack.__name__} | Refusal) => void) => void;",
            )
            for command in namespace.commands
        ],
    )
    yield _block(
        f"What {namespace.path} sends to a client.",
        f"{prefix}ServerToClientEvents",
        [
            _described(
                notice.doc, f"{_key(notice.name)}: (event: {notice.payload.__name__}) => void;"
            )
            for notice in namespace.notices
        ],
    )


def _interface(struct: type[msgspec.Struct], *, incoming: bool) -> str:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)  # noqa: S101
    present = always_present(struct)
    lines = []
    for field in info.fields:
        name = field.encode_name
        given = field.required if incoming else name in present
        line = f"{_key(name)}{'' if given else '?'}: {_type(field.type)};"
        lines.append(_described(_description(field.type), line))
    return _block(struct.__dict__.get("__doc__") or "", struct.__name__, lines)


def _block(doc: str, name: str, lines: Sequence[str]) -> str:
    body = "".join(f"  {line}\n" for entry in lines for line in entry.split("\n"))
    return _described(doc, f"export interface {name} {{\n{body}}}\n")


def _described(doc: str, text: str) -> str:
    words = " ".join(doc.replace("``", "`").replace("*/", "* /").split())
    return f"/** {words} */\n{text}" if words else text


def _description(info: inspect.Type) -> str:
    if isinstance(info, inspect.Metadata):
        return str((info.extra_json_schema or {}).get("description", ""))
    return "ISO 8601 time." if isinstance(info, inspect.DateTimeType) else ""


def _type(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner):
            return _type(inner)
        case inspect.StructType(cls=struct):
            return struct.__name__
        case inspect.LiteralType(values=values):
            return " | ".join(json.dumps(value) for value in values)
        case inspect.UnionType(types=types):
            return " | ".join(_type(part) for part in types)
        case inspect.DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(_type(item) for item in items)}]"
        case inspect.CollectionType(item_type=item):
            text = _type(item)
            return f"({text})[]" if " | " in text else f"{text}[]"
    return PRIMITIVES.get(type(info), "unknown")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)


def _prefix(namespace: Namespace) -> str:
    words = re.split(r"[^A-Za-z0-9]+", namespace.path)
    return "".join(word.capitalize() for word in words)
