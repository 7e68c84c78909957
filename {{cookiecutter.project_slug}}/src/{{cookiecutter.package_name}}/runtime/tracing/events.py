"""Spans of what comes over Socket.IO: each connect, event and disconnect.

Each begins a trace, as a connection may live for days; only a connect goes on with the trace of its
HTTP request, if that brought one. Events are linked to the connect of their socket. Attributes are
the namespace, the name and the outcome: no payload, no token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from ..namespace import GatedNamespace
from .spans import NOWHERE, failed, parent_of, span

OUTCOME = "socketio.outcome"
"""``ok`` or ``accepted``, or the code of a refusal."""


def trace_events(namespace: GatedNamespace) -> None:
    """Put spans around what `namespace` does."""
    namespace.trigger_event = TracedEvents(namespace)  # type: ignore[method-assign]


class TracedEvents:
    """Stands in for the ``trigger_event`` of a namespace."""

    def __init__(self, namespace: GatedNamespace) -> None:
        self._namespace = namespace
        self._path: str = namespace.namespace
        self._trigger = namespace.trigger_event
        self._key = f"tracing.connect:{self._path}"

    async def __call__(self, event: str, *args: Any) -> Any:
        if event == "connect":
            return await self._connect(*args)
        name = event if event == "disconnect" or self._namespace.knows(event) else "(unknown)"
        with self._span(name, NOWHERE, self._links(args[0])) as one:
            answer = await self._trigger(event, *args)
            code = _outcome(answer)
            one.set_attribute(OUTCOME, code)
            if code == "internal":
                failed(one, code)
            return answer

    async def _connect(self, sid: str, environ: dict[str, Any], *auth: Any) -> Any:
        refused: SocketRefused | None = None
        with self._span("connect", parent_of(environ.get("HTTP_TRACEPARENT"))) as one:
            environ[self._key] = Link(one.get_span_context())
            try:
                await self._trigger("connect", sid, environ, *auth)
            except SocketRefused as error:
                refused = error
            one.set_attribute(OUTCOME, "accepted" if refused is None else _code(refused))
        if refused is not None:
            raise refused

    def _span(
        self, name: str, parent: Context, links: Sequence[Link] = ()
    ) -> AbstractContextManager[Span]:
        return span(
            f"{name} {self._path}",
            SpanKind.SERVER,
            parent,
            links,
            socketio_namespace=self._path,
            socketio_event=name,
        )

    def _links(self, sid: str) -> Sequence[Link]:
        try:
            environ = self._namespace.server.get_environ(sid, self._path) or {}
        except KeyError:  # it is gone
            return ()
        link = environ.get(self._key)
        return () if link is None else (link,)


def _outcome(answer: Any) -> str:
    refused = isinstance(answer, Mapping) and answer.get("ok") is False
    return str(answer["error"]["code"]) if refused else "ok"


def _code(refused: SocketRefused) -> str:
    return str(refused.error_args["data"]["code"])
