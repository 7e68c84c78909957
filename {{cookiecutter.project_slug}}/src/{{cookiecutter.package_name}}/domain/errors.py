"""Why an event is refused."""

from __future__ import annotations

from typing import Literal

RefusalCode = Literal[
    "invalid_payload",
    "unknown_event",
    "forbidden",
    "not_in_room",
    "rate_limited",
    "overloaded",
    "too_large",
    "draining",
    "internal",
]

UpstreamCode = Literal["upstream_timeout", "upstream_failed", "not_configured"]
"""On HTTP only."""


class Refused(Exception):
    """A request that the service understood and does not carry out.

    :param code: what a program tells refusals apart by.
    :param message: one sentence for a person: what was wrong, and what to do.
    :param retry_after: seconds after which the same request may succeed.
    """

    def __init__(
        self, code: RefusalCode | UpstreamCode, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code: RefusalCode | UpstreamCode = code
        self.message = message
        self.retry_after = retry_after


class Unavailable(Refused):
    """A store the service depends on did not answer in time. Safe to retry with the same ``id``."""

    def __init__(self, what: str, retry_after: float = 1.0) -> None:
        super().__init__("overloaded", f"the {what} does not answer; try again", retry_after)
