"""The contract of this service, made from the types that validate what it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
from flask import Flask

from ..domain.errors import RefusalCode
from ..domain.namespaces import NAMESPACES
from ..runtime.contract import EventCodes, asyncapi, openapi, typescript
from ..runtime.contract.page import page
from ..runtime.serializers import CODE, SerializerName
from ..runtime.tokens import TokenCode
from ..settings import PACKAGE
from .blueprints import API
from .operation import routes
from .reference import Reference

CONTENT_TYPES: dict[SerializerName, str] = {
    "json": "application/json",
    "msgpack": "application/msgpack",
}
VERSION = "1.0.0"
"""Of the contract: raise it when a client could notice a change."""
TITLE = PACKAGE.replace("_", " ").capitalize()
EVENT_CODES = EventCodes(
    refusal=get_args(RefusalCode),
    connect=(
        *get_args(TokenCode),
        "forbidden",
        "rate_limited",
        "too_many_connections",
        "draining",
        CODE,
    ),
)


def describe(app: Flask, serializer: SerializerName = "json") -> Reference:
    """The contract of the routes that `app` has, and of all namespaces."""
    http = openapi.build(title=TITLE, version=VERSION, routes=list(routes(app)))
    events = asyncapi.build(
        title=TITLE,
        version=VERSION,
        namespaces=NAMESPACES,
        codes=EVENT_CODES,
        content_type=CONTENT_TYPES[serializer],
    )
    return Reference(
        openapi=msgspec.Raw(msgspec.json.encode(http)),
        asyncapi=msgspec.Raw(msgspec.json.encode(events)),
        page=page(http, events),
    )


def documents() -> dict[str, str]:
    """The files of the contract by name. The same types give the same bytes."""
    app = Flask(__name__, static_folder=None)
    for blueprint in API:
        app.register_blueprint(blueprint)
    contract = describe(app)
    return {
        "asyncapi.json": _readable(contract.asyncapi),
        "openapi.json": _readable(contract.openapi),
        "events.ts": typescript.build(namespaces=NAMESPACES, codes=EVENT_CODES),
    }


def write_contract(directory: Path) -> list[Path]:
    """Write the files of the contract into `directory`, which is made if there is none."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents().items():
        path = directory / name
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _readable(document: bytes) -> str:
    return msgspec.json.format(bytes(document), indent=2).decode() + "\n"
