"""The console page: sign in, join, chat."""

from __future__ import annotations

from flask import Blueprint, render_template

from .contract import TITLE
from .dependencies import dependencies

bp = Blueprint("console", __name__)


@bp.get("/")
def show() -> str:
    return render_template("console.html", service=TITLE, env=dependencies().settings.env)
