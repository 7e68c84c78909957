"""What a client is told when its event is not carried out."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import msgspec

_log = logging.getLogger(__name__)


class Refusal(Exception):
    """An event that is not carried out.

    :param code: what a program tells refusals apart by.
    :param message: what was wrong and what to do, for a person.
    :param retry_after: seconds after which the same event may succeed.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """``{ok: false, error: {code, message, retry_after?, request_id}}``."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.retry_after is not None:
            error["retry_after"] = round(self.retry_after, 3)
        return {"ok": False, "error": {**error, "request_id": request_id}}


def unsendable(namespace: str | None) -> dict[str, Any]:
    """What is acknowledged where a handler has returned what cannot be sent. Logs the exception."""
    request_id = secrets.token_hex(8)
    _log.exception(
        "what a handler of %s returned cannot be sent",
        namespace or "/",
        extra={"request_id": request_id},
    )
    return Refusal("internal", "something went wrong here").acknowledgement(request_id)


def describe_invalid(error: msgspec.ValidationError) -> str:
    """Say which field is wrong, first: ``room: expected `str`, got `int```."""
    reason, _, path = str(error).partition(" - at `")
    field = path.removesuffix("`").removeprefix("$").removeprefix(".")
    return f"{field}: {reason[0].lower()}{reason[1:]}" if field else reason
