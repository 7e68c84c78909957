"""A request body that the application reads while it arrives."""

from __future__ import annotations

import time
from collections.abc import Iterator

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout
from werkzeug.wsgi import get_content_length

from . import raw_socket
from .wsgi import Environ

CHUNK_SECONDS = 30.0
"""For the next chunk to arrive."""
BODY_SECONDS = 600.0
"""For all of them."""
CHUNK_BYTES = 1024
"""The server waits for as many, or for the end: smaller chunks come sooner and cost more."""


def chunks(environ: Environ, max_bytes: int) -> Iterator[bytes]:
    """The body of a request as it comes. Nothing is read ahead: the application sets the pace.

    :raises RequestEntityTooLarge: as soon as it is longer than `max_bytes`, or says it will be.
    :raises RequestTimeout: it does not come.
    :raises ClientDisconnected: the client left.
    """
    declared = get_content_length(environ)
    if declared is not None and declared > max_bytes:
        raise _too_large(max_bytes)
    received, until = 0, time.monotonic() + BODY_SECONDS
    connection = raw_socket.connection(environ)
    usual = connection.gettimeout()
    try:
        while received != declared:
            left = until - time.monotonic()
            connection.settimeout(max(0.001, min(CHUNK_SECONDS, left)))
            chunk = _read(environ)
            if not chunk:
                break
            received += len(chunk)
            if received > max_bytes:
                raise _too_large(max_bytes)
            yield chunk
    finally:
        connection.settimeout(usual)
    if declared is not None and received < declared:
        raise ClientDisconnected


def _read(environ: Environ) -> bytes:
    try:
        chunk: bytes = environ["wsgi.input"].read(CHUNK_BYTES)
    except TimeoutError:
        raise RequestTimeout("the request body did not arrive in time") from None
    except Exception:  # each server has its own for a body that breaks off or makes no sense
        raise ClientDisconnected from None
    return chunk


def _too_large(max_bytes: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"the request body may have at most {max_bytes} bytes")
