"""The resources of the API. To add one: a module with its blueprint, and a place in this list."""

from __future__ import annotations

from . import history, jobs, messages, quotes, reference, stream, tick_stream, ticks, tokens

API = (
    messages.bp,
    ticks.bp,
    tick_stream.bp,
    history.bp,
    jobs.bp,
    stream.bp,
    quotes.bp,
    tokens.bp,
    reference.bp,
)
