"""Socket.IO's Admin UI, served from here. Its data come from the namespace ``/admin``."""

from __future__ import annotations

from flask import Blueprint

from .contract import TITLE
from .dependencies import dependencies
from .framework import page
from .headers import POLICY

bp = Blueprint(
    "admin", __name__, static_folder="../web/static/vendor/admin", static_url_path="/admin"
)

# Vuetify writes style sheets in the browser, and knows no nonce where it was compiled.
OWN_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'; font-src 'self'")


@bp.get("/admin/")
async def show() -> tuple[str, dict[str, str]]:
    """Signed in on the page itself, with a token that has the scope `admin`."""
    serializer = dependencies().settings.serializer
    shown = await page("admin.html", service=TITLE, serializer=serializer)
    return shown, {"Content-Security-Policy": OWN_POLICY}
