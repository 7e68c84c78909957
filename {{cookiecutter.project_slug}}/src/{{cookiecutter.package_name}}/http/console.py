"""The console page: sign in, join, chat."""

from __future__ import annotations

from flask import Blueprint

from .contract import TITLE
from .dependencies import dependencies
from .dev import is_offered
from .framework import page

bp = Blueprint("console", __name__)


@bp.get("/")
async def show() -> str:
    settings = dependencies().settings
    return await page(
        "console.html",
        service=TITLE,
        makes_tokens=is_offered(settings),
        serializer=settings.serializer,
    )
