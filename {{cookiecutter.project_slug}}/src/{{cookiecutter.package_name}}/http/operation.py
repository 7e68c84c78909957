"""A view with typed arguments is validated, limited, authorised and documented by one decorator."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, get_args, get_type_hints

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from ..domain.errors import Refused
from ..runtime.contract import Operation, Route
from ..runtime.refusal import describe_invalid
from ..runtime.tokens import TokenCode
from .codes import status_of
from .framework import request_body, request_chunks
from .guard import authenticate, limit
from .lines import LINES, decoded, line_type

View = Callable[..., Awaitable[Any]]
RESERVED = ("query", "body", "lines", "claims", "return")
MAX_LINES_BYTES = 16 << 20
"""Largest body that is a stream of lines."""

_operations: dict[Callable[..., Any], Operation] = {}


def operation(
    summary: str,
    *,
    scope: str | None = None,
    status: int = 200,
    codes: Sequence[str] = (),
    media_type: str = "text/event-stream",
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Make a view an operation of the API. Its annotations say what it takes and gives::

        @rooms.get("/rooms/<room>/messages")
        @operation("Earlier messages", scope="chat")
        async def history(room: Room, query: HistoryQuery, claims: Claims) -> HistoryPage: ...

    ``query`` and ``body`` are converted to their types, other arguments come from the path, and
    what is returned is sent as JSON, unless it is a response: an event stream, or what else
    `media_type` says. ``claims`` are those of the token, which must have `scope`.

    A view that takes ``lines: AsyncIterator[Lines[T]]`` reads lines of JSON while they arrive.

    :param codes: refusals that may come beside those that its types bring along.
    """

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        hints = get_type_hints(view, include_extras=True)
        described = _describe(view, hints, summary, scope, status, codes, media_type)

        @functools.wraps(view)
        async def call(**path: str) -> Response:
            await limit()
            arguments: dict[str, Any] = {}
            if scope is not None:
                claims = await authenticate(scope)
                if "claims" in hints:
                    arguments["claims"] = claims
            arguments |= await _read(described, path)
            if described.body_type == LINES:
                result = await _with_lines(view, arguments, described.body)
            else:
                result = await view(**arguments)
            if isinstance(result, Response):
                return result
            return Response(
                msgspec.json.encode(result),
                status,
                {"Cache-Control": "no-store"},
                mimetype="application/json",
            )

        _operations[call] = described
        return call

    return decorate


def routes(app: Flask) -> Iterator[Route]:
    """The operations that `app` serves, where it serves them."""
    for rule in app.url_map.iter_rules():
        described = _operations.get(app.view_functions[rule.endpoint])
        if described is not None:
            path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield Route(method, path, described)


def _describe(
    view: View,
    hints: dict[str, Any],
    summary: str,
    scope: str | None,
    status: int,
    further: Sequence[str],
    media_type: str,
) -> Operation:
    parameters = [(name, hint) for name, hint in hints.items() if name not in RESERVED]
    path = msgspec.defstruct(f"{view.__name__}_path", parameters) if parameters else None
    query, body = hints.get("query"), hints.get("body")
    line = line_type(hints["lines"]) if "lines" in hints else None
    codes = ["rate_limited", "internal"]
    if path or query or body or line:
        codes.append("invalid_payload")
    if body or line:
        codes += ["too_large", "unsupported_media_type"]
    if line:
        codes.append("timeout")
    if scope is not None:
        codes += [*get_args(TokenCode), "forbidden", "overloaded"]
    streams = hints["return"] is Response
    return Operation(
        name=view.__name__,
        summary=summary,
        doc=" ".join((view.__doc__ or "").split()),
        scope=scope,
        path=path,
        query=query,
        body=line or body,
        body_type=LINES if line else "application/json",
        result=Any if streams else hints["return"],
        media_type=media_type if streams else "application/json",
        status=status,
        failures=[(status_of(code), code) for code in [*codes, *further]],
    )


async def _read(described: Operation, path: dict[str, str]) -> dict[str, Any]:
    """The arguments of the view.

    :raises Refused: ``invalid_payload``, naming the field.
    """
    arguments: dict[str, Any] = {}
    try:
        if described.path is not None:
            arguments = msgspec.structs.asdict(msgspec.convert(path, described.path, strict=False))
        if described.query is not None:
            arguments["query"] = _convert_query(_query(), described.query)
        if described.body_type == LINES:
            if request.mimetype != LINES:
                raise UnsupportedMediaType(f"send lines of JSON, with Content-Type: {LINES}")
        elif described.body is not None:
            arguments["body"] = msgspec.json.decode(await _body(), type=described.body)
    except msgspec.ValidationError as error:
        raise Refused("invalid_payload", describe_invalid(error)) from None
    except (ValueError, RecursionError):
        raise Refused("invalid_payload", "the body is not JSON in UTF-8") from None
    return arguments


async def _with_lines(view: View, arguments: dict[str, Any], line: type[Any]) -> Any:
    """Let `view` read lines while they arrive. What it leaves is left at once, and not whenever
    the interpreter tidies up: the connection may serve another request by then."""
    chunks: Any = request_chunks(MAX_LINES_BYTES)
    lines: Any = decoded(chunks, line)
    try:
        return await view(**arguments, lines=lines)
    finally:
        await lines.aclose()
        await chunks.aclose()


def _convert_query(given: dict[str, str], query: type[Any]) -> Any:
    found = msgspec.convert(given, query, strict=False)
    for field in msgspec.structs.fields(query):
        # msgspec takes the text "null" for nothing, which is said by leaving the field out
        if field.encode_name in given and getattr(found, field.name) is None:
            raise Refused("invalid_payload", f"{field.encode_name}: must have a value")
    return found


def _query() -> dict[str, str]:
    for name, values in request.args.lists():
        if len(values) > 1:
            raise Refused("invalid_payload", f"{name}: given more than once")
    return request.args.to_dict()


async def _body() -> bytes:
    if not request.is_json:
        raise UnsupportedMediaType("send JSON, with Content-Type: application/json")
    return await request_body()
