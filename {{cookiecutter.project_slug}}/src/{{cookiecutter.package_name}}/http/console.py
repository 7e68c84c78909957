"""The console page: sign in, join, chat."""

from __future__ import annotations

from flask import Blueprint

from .contract import TITLE
from .dependencies import dependencies
from .framework import page

bp = Blueprint("console", __name__)


@bp.get("/")
async def show() -> str:
    return await page("console.html", service=TITLE, env=dependencies().settings.env)
