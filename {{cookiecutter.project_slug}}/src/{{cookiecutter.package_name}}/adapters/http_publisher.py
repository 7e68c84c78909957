"""Publishing ticks to a running service over HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

import httpx
import msgspec

from ..domain.ticks import Tick

PATH = "/api/v1/ticks"
TIMEOUT = 10.0
"""Seconds for each step of a request."""
TRIES = 4
LONGEST_WAIT = 30.0
AGAIN = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class NotPublished(Exception):
    """The service did not take a batch; says why."""


class HttpPublisher:
    """Sends batches to the service at `url`, each until it is taken, and once.

    :param token: with the scope ``feed:write``.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/") + PATH
        self._token = token

    def publish(self, ticks: Sequence[Tick]) -> int:
        """Returns how many were taken. Blocks, for a few minutes at most.

        :raises NotPublished: if the service refuses them, or is not there.
        """
        body = msgspec.json.encode({"ticks": ticks})
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }
        reason = ""
        for attempt in range(TRIES):
            wait = 0.5 * 2**attempt
            try:
                answer = httpx.post(self._url, content=body, headers=headers, timeout=TIMEOUT)
            except httpx.TransportError as error:
                reason = f"no answer from {self._url}: {error}"
            else:
                if answer.is_success:
                    return int(answer.json()["accepted"])
                reason = _explained(answer)
                if answer.status_code not in AGAIN:
                    break
                wait = max(wait, float(answer.headers.get("Retry-After", 0)))
            if attempt + 1 < TRIES:
                time.sleep(min(wait, LONGEST_WAIT))
        raise NotPublished(reason)


def _explained(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.reason_phrase
    return f"{answer.status_code}: {detail}"
