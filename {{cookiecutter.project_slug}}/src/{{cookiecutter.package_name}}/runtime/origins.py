"""Which web pages may talk to this service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit


class OriginPolicy:
    """Allows the service's own pages, and those of the listed origins; ``*`` allows all.

    Programs that are no browsers send no ``Origin``; they are not asked.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._any = "*" in allowed
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    def __call__(self, origin: str | None, environ: dict[str, Any]) -> bool:
        if self._any or not origin:
            return True
        if origin.lower() in self._allowed:
            return True
        try:
            page_host = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        forwarded = environ.get("HTTP_X_FORWARDED_HOST", "").partition(",")[0].strip()
        own_hosts = {environ.get("HTTP_HOST", "").lower(), forwarded.lower()} - {""}
        return page_host in own_hosts
