"""AsyncAPI 3.0 of the Socket.IO namespaces: a channel each, acknowledgements as replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import EventCodes, Namespace
from .examples import example
from .schemas import REF, Schema, schemas_of

Document = dict[str, Any]


def build(
    *,
    title: str,
    version: str,
    namespaces: Sequence[Namespace],
    codes: EventCodes,
    content_type: str = "application/json",
) -> Document:
    commands = [command for namespace in namespaces for command in namespace.commands]
    notices = [notice for namespace in namespaces for notice in namespace.notices]
    schemas, named = schemas_of(
        [command.payload for command in commands],
        [command.ack for command in commands] + [notice.payload for notice in notices],
    )
    named |= _common(codes)
    document: Document = {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": content_type,
        "servers": {
            "local": {
                "host": "127.0.0.1:8000",
                "pathname": "/socket.io",
                "protocol": "socketio",
                "protocolVersion": "5",
            }
        },
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": dict(sorted(named.items()))},
    }
    for namespace in namespaces:
        _Channel(document, namespace).write(schemas)
    return document


class _Channel:
    """Writes one namespace into `document`."""

    def __init__(self, document: Document, namespace: Namespace) -> None:
        self._namespace = namespace
        self._id = namespace.path.strip("/").replace("/", ".") or "root"
        self._operations = document["operations"]
        self._components = document["components"]
        self._messages: dict[str, Schema] = {}
        document["channels"][self._id] = {
            "address": namespace.path,
            "description": f"Socket.IO namespace. The token needs the scope `{namespace.scope}`.",
            "messages": self._messages,
        }

    def write(self, schemas: dict[Any, Schema]) -> None:
        self._message("connect", "connect", "Sent with CONNECT as `auth`.", _ref("Auth"))
        self._message("connect_error", "connect_error", "Not let in.", _ref("ConnectRefusal"))
        self._message("refused", "refused", "Not carried out, and why.", _ref("Refusal"))
        self._operation("connect", "receive", "Enter the namespace.", ["connect_error"])
        for command in self._namespace.commands:
            self._message(command.name, command.name, command.doc, schemas[command.payload])
            done = f"{command.name}.ack"
            self._message(done, command.name, "Carried out.", schemas[command.ack])
            self._operation(command.name, "receive", command.doc, [done, "refused"])
        for notice in self._namespace.notices:
            # A notice may share its name with a command: /chat has a `message` each way.
            key = f"{notice.name}.notice"
            self._message(key, notice.name, notice.doc, schemas[notice.payload])
            self._operation(key, "send", notice.doc)

    def _message(self, key: str, name: str, summary: str, payload: Schema) -> None:
        identifier = f"{self._id}.{key}"
        self._components["messages"][identifier] = {
            "name": name,
            "summary": summary,
            "payload": payload,
            "examples": [{"payload": example(payload, self._components["schemas"])}],
        }
        self._messages[key] = {"$ref": f"#/components/messages/{identifier}"}

    def _operation(self, key: str, action: str, summary: str, replies: Sequence[str] = ()) -> None:
        channel = f"#/channels/{self._id}"
        operation: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": channel},
            "summary": summary,
            "messages": [{"$ref": f"{channel}/messages/{key}"}],
        }
        if replies:
            operation["reply"] = {
                "channel": {"$ref": channel},
                "messages": [{"$ref": f"{channel}/messages/{reply}"} for reply in replies],
            }
        self._operations[f"{self._id}.{key}"] = operation


def _ref(name: str) -> Schema:
    return {"$ref": REF + name}


def _common(codes: EventCodes) -> dict[str, Schema]:
    """What every namespace has: the token, the refused connection, the refused event."""
    seconds = {"type": "number", "description": "Seconds until the same may succeed."}
    token = {"type": "string", "description": "A JSON Web Token.", "examples": ["eyJhbGciOi..."]}
    connection: dict[str, Schema] = {"code": {"enum": list(codes.connect)}, "retry_after": seconds}
    error: dict[str, Schema] = {
        "code": {"enum": list(codes.refusal)},
        "message": {"type": "string", "description": "What was wrong and what to do."},
        "retry_after": seconds,
        "request_id": {"type": "string", "description": "Finds the event in the logs."},
    }
    sample = {
        "code": "rate_limited",
        "message": "too many events; try again in 1.5 s",
        "retry_after": 1.5,
        "request_id": "9f2c4e1ab0d37c55",
    }
    return {
        "Auth": _object({"token": token}),
        "ConnectRefusal": {
            **_object(connection, optional="retry_after"),
            "examples": [{"code": "rate_limited", "retry_after": 1.5}],
        },
        "Refusal": {
            **_object({"ok": {"enum": [False]}, "error": _object(error, optional="retry_after")}),
            "examples": [{"ok": False, "error": sample}],
        },
    }


def _object(properties: dict[str, Schema], optional: str | None = None) -> Schema:
    required = [name for name in properties if name != optional]
    return {"type": "object", "properties": properties, "required": required}
