"""Error responses of HTTP in the form of RFC 9457, ``application/problem+json``."""

from __future__ import annotations

import math
from http import HTTPStatus

import msgspec
import structlog

CONTENT_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong with a request. Programs go by ``code``; ``detail`` is for people.

    ``retry_after`` is in seconds. ``request_id`` finds the request in the logs.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retry_after: float | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(
        cls,
        status: int,
        code: str,
        detail: str,
        *,
        retry_after: float | None = None,
        documented_at: str | None = None,
    ) -> Problem:
        """The problem of the current request, whose id is taken from the log context.

        :param documented_at: page on which the anchor ``#code`` explains the code.
        """
        return cls(
            type=f"{documented_at}#{code}" if documented_at else "about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            code=code,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
            retry_after=(
                msgspec.UNSET if retry_after is None else math.ceil(retry_after * 1000) / 1000
            ),
        )

    def headers(self) -> dict[str, str]:
        """What belongs into the header of the response beside its content type."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not msgspec.UNSET:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return headers

    def encode(self) -> bytes:
        return msgspec.json.encode(self)
