"""The dashboard: a page of Plotly Dash at ``/dashboard/``.

The page holds no data: its JavaScript (``web/static/dashboard.js``) signs in, reads the history and
follows the feed with a token, as every client does. So Dash serves the layout and its own scripts,
and nothing else: a callback on the server would answer everybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dash import Dash, dcc
from dash.backends import get_backend, get_server_type
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, g, request
from werkzeug.exceptions import NotFound

from ..settings import PACKAGE
from .contract import TITLE
from .errors import http_error
from .headers import POLICY

PATH = "/dashboard/"
TEMPLATE = Path(__file__).parent.parent / "web" / "templates" / "dashboard.html"
NOT_SERVED = ("_dash-update-component", "_reload-hash", "_favicon.ico", "<path:path>")


class Page(Dash):
    """An index with a nonce for the style sheets that Dash and Plotly make in the browser."""

    def interpolate_index(self, *args: Any, **parts: Any) -> str:
        g.nonce = secrets.token_urlsafe(16)
        index = super().interpolate_index(*args, **parts)  # type: ignore[no-untyped-call]
        return str(index).replace("%nonce%", g.nonce)


def install(app: Flask, *, makes_tokens: bool, serializer: str) -> None:
    """Mount the dashboard on `app`.

    :param makes_tokens: whether the page can ask this service for a token.
    :param serializer: what the page is to speak.
    """
    page = Page(
        PACKAGE,
        server=False,
        backend=get_backend(get_server_type(app)),  # type: ignore[no-untyped-call]
        routes_pathname_prefix=PATH,
        index_string=_index(makes_tokens, serializer),
        include_assets_files=False,
        add_log_handler=False,
        title=f"{TITLE} dashboard",
        update_title="",
    )
    page.backend.websocket_capability = False  # else Quart gets a socket for callbacks
    page.layout = dcc.Graph(id="graph", responsive=True, config={"displaylogo": False})
    page.init_app(app, requests_pathname_prefix="./")  # whichever prefix it is served under
    for rule in NOT_SERVED:
        app.view_functions[PATH + rule] = _absent
    for error in (DependencyException, InvalidResourceError):
        app.register_error_handler(error, lambda _: http_error(NotFound()))
    hashes = page.csp_hashes()

    def allow(response: Response) -> Response:
        if request.endpoint == PATH:
            response.headers["Content-Security-Policy"] = _policy(hashes, g.nonce)
        return response

    app.after_request(allow)


def _index(makes_tokens: bool, serializer: str) -> str:
    values = {
        "service": TITLE,
        "tokens": "made" if makes_tokens else "pasted",
        "serializer": serializer,
    }
    index = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        index = index.replace(f"%{name}%", value)
    return index


def _policy(hashes: Sequence[str], nonce: str) -> str:
    """That of every page, but for the one inline script with which Dash starts, and its styles."""
    return POLICY.replace("script-src 'self'", f"script-src 'self' {' '.join(hashes)}").replace(
        "style-src 'self'", f"style-src 'self' 'nonce-{nonce}'"
    )


def _absent(**_: str) -> Response:
    raise NotFound
