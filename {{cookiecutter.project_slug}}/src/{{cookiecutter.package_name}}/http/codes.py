"""The codes of refusals: what they mean, for the documents, and their status in HTTP."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """`status`: of the HTTP response; ``None``: the code occurs on Socket.IO only."""

    status: int | None
    meaning: str


CODES = {
    "invalid_payload": Code(
        400, "What was sent does not fit its type; the message names the field."
    ),
    "token_missing": Code(401, "No token was given."),
    "token_invalid": Code(401, "The token is malformed, forged, or not meant for this service."),
    "token_expired": Code(401, "The token has expired; get a new one."),
    "token_revoked": Code(401, "The token was revoked; sign in again."),
    "forbidden": Code(
        403, "The token does not allow this: its scope or its rooms do not cover it."
    ),
    "not_found": Code(404, "There is nothing at this address."),
    "not_configured": Code(404, "The operators of this service have not set this up."),
    "method_not_allowed": Code(405, "The address does not take this method; see Allow."),
    "timeout": Code(408, "What was sent did not arrive in time."),
    "too_large": Code(413, "More was sent than is accepted at once."),
    "unsupported_media_type": Code(415, "Send what the address takes, with its Content-Type."),
    "rate_limited": Code(429, "Too many requests; try again after retry_after seconds."),
    "internal": Code(500, "A fault of the service; tell its operators the request_id."),
    "upstream_failed": Code(502, "Another service, which this one asks, gave no usable answer."),
    "overloaded": Code(503, "The service, or a store behind it, is too busy; try again."),
    "draining": Code(503, "This worker is going down; connect again and reach another."),
    "upstream_timeout": Code(504, "Another service, which this one asks, did not answer in time."),
    "unknown_event": Code(None, "The namespace has no such event."),
    "not_in_room": Code(None, "Join the room first."),
    "wrong_serializer": Code(None, "The service speaks the other of JSON and MessagePack."),
    "too_many_connections": Code(None, "The address or the user has too many connections."),
}


def status_of(code: str) -> int:
    """The HTTP status of a refusal with `code`."""
    return CODES[code].status or 400


def code_of(status: int) -> str | None:
    """The code of an HTTP error of which nothing but the `status` is known."""
    return next((name for name, code in CODES.items() if code.status == status), None)
