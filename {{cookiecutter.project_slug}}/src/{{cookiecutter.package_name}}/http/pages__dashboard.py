"""The pages for people."""

from __future__ import annotations

from flask import Flask

from ..settings import Settings
from . import admin, console, dashboard, dev


def install(app: Flask, settings: Settings) -> None:
    if settings.shows_console:
        app.register_blueprint(console.bp)
    if settings.admin_ui:
        app.register_blueprint(admin.bp)
    dashboard.install(app, makes_tokens=dev.is_offered(settings), serializer=settings.serializer)
