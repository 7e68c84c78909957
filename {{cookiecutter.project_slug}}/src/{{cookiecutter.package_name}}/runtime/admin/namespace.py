"""The namespace ``/admin``: for tokens with the scope ``admin``, and for looking only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..namespace import GatedNamespace
from .view import PATH, AdminView


@dataclass(frozen=True, slots=True)
class AdminContract:
    """It takes no events. Who reads too slowly is disconnected."""

    path: str = PATH
    scope: str = "admin"
    commands: tuple[()] = ()
    notices: tuple[()] = ()


class AdminNamespace(GatedNamespace):
    """Handshakes, expiry and revocation are those of every namespace of this service.

    The sign-in form of the Admin UI knows a name and a password: the token is the password.
    """

    def __init__(self, view: AdminView, **machinery: Any) -> None:
        super().__init__(AdminContract(), **machinery)
        self._view = view

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        if isinstance(auth, Mapping) and "token" not in auth:
            auth = {"token": auth.get("password")}
        await super()._connect(sid, environ, auth)
        self._view.arrived(sid)
