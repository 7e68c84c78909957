"""The contract as documents: AsyncAPI, OpenAPI, TypeScript types and a page, all from the types.

The builders read namespaces and operations of the form below, whatever product declares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec


class Command(Protocol):
    """An event that clients send; the answer to it is `ack` or a refusal."""

    @property
    def name(self) -> str: ...
    @property
    def payload(self) -> type[msgspec.Struct]: ...
    @property
    def ack(self) -> type[msgspec.Struct]: ...
    @property
    def doc(self) -> str: ...


class Notice(Protocol):
    """An event that the service sends."""

    @property
    def name(self) -> str: ...
    @property
    def payload(self) -> type[msgspec.Struct]: ...
    @property
    def doc(self) -> str: ...


class Namespace(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def commands(self) -> Sequence[Command]: ...
    @property
    def notices(self) -> Sequence[Notice]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one HTTP route takes and gives.

    :param scope: the scope a bearer token needs; ``None``: no token is asked for.
    :param path: a field for each parameter in the path; `query` likewise.
    :param body: a type JSON is decoded to, `result` one it is encoded from.
    :param body_type: the media type of the body; of lines, `body` is one.
    :param media_type: of the response.
    :param failures: status and code of every refusal that may come instead.
    """

    name: str
    summary: str
    doc: str
    scope: str | None
    path: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    body: Any
    body_type: str
    result: Any
    status: int
    media_type: str
    failures: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation where it is mounted; `path` has its parameters in braces."""

    method: str
    path: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class EventCodes:
    """The codes of refusals: of an event (in its ack) and of a connection (``connect_error``)."""

    refusal: Sequence[str]
    connect: Sequence[str]
