"""Public keys from a JSON Web Key Set: fetched off the event path, cached, never in a stampede."""

from __future__ import annotations

import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import jwt

from . import mode

_log = logging.getLogger(__name__)

FETCH_TIMEOUT = 3.0
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_AGE = 300.0
"""Seconds after which the set is fetched again in the background; until then old keys serve."""
NOT_A_KEY_SET = (ValueError, TypeError, AttributeError)
COOLDOWN = 10.0
"""Least seconds between two fetches, whether the last one failed or just lacked a key id."""


class UnknownKey(Exception):
    """The set was fetched lately and holds no such key."""


class KeysUnavailable(Exception):
    """There are no keys yet and they could not be fetched."""


def fetch(url: str) -> bytes:
    """GET `url`, blocking for at most about :data:`FETCH_TIMEOUT` seconds a read.

    :raises OSError: if it cannot be had, is not answered with 200, or is too large.
    """
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    # The scheme was checked with the settings.
    with urllib.request.urlopen(request, timeout=FETCH_TIMEOUT) as response:  # noqa: S310
        document: bytes = response.read(MAX_DOCUMENT_BYTES + 1)
    if len(document) > MAX_DOCUMENT_BYTES:
        raise OSError("the key set is too large")
    return document


class JwksClient:
    """Keys by key id. A known key is answered from memory, so a dead key server stalls nobody.

    :param url: where the key set is.
    """

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], bytes] = fetch,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = mode.Lock()
        self._refreshing = False

    async def key(self, kid: str | None) -> jwt.PyJWK:
        """The key named `kid`; without a name, the only key there is.

        :raises UnknownKey: if the set does not have it.
        :raises KeysUnavailable: if no set could be fetched so far.
        """
        known = self._find(kid)
        if known is None:
            await self._refresh()
            known = self._find(kid)
        elif self._now() - self._fetched_at > MAX_AGE and not self._refreshing:
            self._refreshing = True
            mode.spawn(self._refresh)
        if known is not None:
            return known
        if not self._keys:
            raise KeysUnavailable
        raise UnknownKey

    def _find(self, kid: str | None) -> jwt.PyJWK | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        async with self._lock:
            try:
                if self._now() - self._tried_at < COOLDOWN:
                    return
                self._tried_at = self._now()
                document = await mode.run_blocking(self._fetch, self._url)
                keys = jwt.PyJWKSet.from_json(document.decode()).keys
                self._keys = {key.key_id: key for key in keys if key.key_type != "oct"}
                self._fetched_at = self._now()
            except (OSError, http.client.HTTPException, jwt.PyJWTError, *NOT_A_KEY_SET) as error:
                _log.warning("could not fetch the key set: %s", error)
            finally:
                self._refreshing = False
