"""What every request has in common, however it came: an id, a client, a line in the log."""

from __future__ import annotations

import os
import re
import secrets
import time
import traceback
from dataclasses import dataclass, field

import structlog

from .redaction import redact_text

CLIENT_CLOSED = 499
"""As nginx logs a request whose client did not wait for the answer."""
REQUEST_ID_HEADER = "X-Request-ID"

_LONGEST_PATH = 200  # characters of a path in the log
_LONGEST_REASON = 500
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

_access = structlog.stdlib.get_logger("access")


def begin(given: str | None, traceparent: str | None) -> str:
    """The id of a request, which from here on stands in every line of its log.

    :param given: the request's ``X-Request-ID``.
    """
    request_id = _request_id(given, traceparent)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def _request_id(given: str | None, traceparent: str | None) -> str:
    if given and _REQUEST_ID.fullmatch(given):
        return given
    trace = _TRACEPARENT.fullmatch(traceparent or "")
    return trace[1] if trace else secrets.token_hex(8)


@dataclass(slots=True)
class AccessLine:
    """The one line of the log about an HTTP request.

    :param raw_path: as it was sent: percent-encoded, it cannot forge a line of the log.
    """

    method: str
    raw_path: str
    client: str
    status: int = CLIENT_CLOSED
    began: float = field(default_factory=time.perf_counter)

    def write(self) -> None:
        _access.info(
            "request",
            method=self.method,
            path=self.raw_path[:_LONGEST_PATH],
            status=self.status,
            ms=round((time.perf_counter() - self.began) * 1000, 1),
            client=self.client,
        )


def reason(error: BaseException) -> str:
    """One line: what failed, without the secrets in it, and where."""
    said = redact_text(" ".join(str(error).split()), _LONGEST_REASON)
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {said}{at}"
