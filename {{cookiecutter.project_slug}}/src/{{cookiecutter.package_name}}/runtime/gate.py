"""The gate every client event passes.

authenticate → authorise → limit → validate → dispatch → always acknowledge, whatever happens.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

import msgspec

from . import metrics, mode
from .event_context import EventContext, current_event
from .refusal import Refusal, describe_invalid
from .sessions import Session

_log = logging.getLogger(__name__)

HANDLER_TIMEOUT = 10.0
"""Seconds a handler may take. Stores time out earlier; this is for what nobody foresaw."""
MAX_IN_FLIGHT = 1000
"""Handlers running at once in this worker. A socket has one at a time: its events are in order."""


class CommandType(Protocol):
    """What the gate must know of an event: its name and the type of its payload."""

    @property
    def name(self) -> str: ...
    @property
    def payload(self) -> type[Any]: ...


class CommandHandler(Protocol):
    def __call__(self, session: Session, payload: Any) -> Awaitable[Any]: ...


Limit = Callable[[str], Awaitable[float]]
"""Counts an event of the named user; the seconds until the next may come, or 0.0 if it may."""


class Gate:
    """Carries out the events of one namespace.

    :param namespace: its path; a label in logs and metrics.
    :param commands: the events clients may send, with their handlers.
    :param limits: of the events that have one of their own, by name.
    :param limit: of all others, those that are not known included.
    :param explain: turns the product's own refusals into :class:`Refusal`; ``None``: not one.
    """

    def __init__(
        self,
        namespace: str,
        commands: Mapping[str, tuple[CommandType, CommandHandler]],
        *,
        limits: Mapping[str, Limit],
        limit: Limit,
        explain: Callable[[Exception], Refusal | None],
    ) -> None:
        self._namespace = namespace
        self._commands = commands
        self._limits = limits
        self._limit = limit
        self._explain = explain
        self._in_flight = 0
        self._measures: dict[tuple[str, str], tuple[metrics.Measure, metrics.Measure]] = {}
        self._guard = mode.Guard()

    async def __call__(self, session: Session | None, event: str, args: tuple[Any, ...]) -> Any:
        """Carry out `event` and return its acknowledgement, a refusal included."""
        known = event if event in self._commands else "(unknown)"  # labels must stay bounded
        started = time.perf_counter()
        with self._guard:
            self._in_flight += 1
        context = EventContext(self._namespace, known, session.user if session else None)
        before = current_event.set(context)
        outcome = "ok"
        try:
            ack = await self._carry_out(session, event, args)
        except Exception as error:
            refusal = self._refusal(error)
            ack = refusal.acknowledgement(context.request_id)
            outcome = refusal.code
        finally:
            current_event.reset(before)
            with self._guard:
                self._in_flight -= 1
        measures = self._measures.get((known, outcome)) or self._measures_of(known, outcome)
        count, time_taken = measures
        count(1)
        time_taken(time.perf_counter() - started)
        return ack

    def _measures_of(self, known: str, outcome: str) -> tuple[metrics.Measure, metrics.Measure]:
        """Kept, because finding them by their labels costs as much as counting."""
        found = self._measures[known, outcome] = (
            metrics.adding_to(metrics.EVENTS.labels(self._namespace, known, outcome)),
            metrics.observing(metrics.EVENT_SECONDS.labels(self._namespace, known)),
        )
        return found

    async def _carry_out(self, session: Session | None, event: str, args: tuple[Any, ...]) -> Any:
        if session is None or session.ends_at <= time.time():
            raise Refusal("forbidden", "the session has ended; connect again")
        if self._in_flight > MAX_IN_FLIGHT:
            raise Refusal("overloaded", "too much at once; try again", 1.0)
        wait = await self._limits.get(event, self._limit)(session.user)
        if wait > 0:
            raise Refusal("rate_limited", f"too many events; try again in {wait:.1f} s", wait)
        if event not in self._commands:
            known = ", ".join(sorted(self._commands))
            raise Refusal("unknown_event", f"no such event in {self._namespace}; there are {known}")
        command, handler = self._commands[event]
        payload = self._validate(command, args)
        return await mode.within(HANDLER_TIMEOUT, partial(handler, session, payload))

    def _validate(self, command: CommandType, args: tuple[Any, ...]) -> Any:
        if len(args) != 1:
            raise Refusal("invalid_payload", f"send {command.name} with one object")
        try:
            return msgspec.convert(args[0], command.payload)
        except msgspec.ValidationError as error:
            raise Refusal("invalid_payload", describe_invalid(error)) from None

    def _refusal(self, error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if isinstance(error, TimeoutError):
            _log.warning("the handler took longer than %s s", HANDLER_TIMEOUT)
            return Refusal("overloaded", "this took too long; try again", 1.0)
        explained = self._explain(error)
        if explained is not None:
            return explained
        _log.error("the handler failed", exc_info=error)
        return Refusal("internal", "something went wrong here; tell us the request_id")
