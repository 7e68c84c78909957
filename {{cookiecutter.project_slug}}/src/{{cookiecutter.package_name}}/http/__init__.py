"""The HTTP edge: a blueprint for each resource, and one way to answer errors."""

from __future__ import annotations

from flask import Flask

from ..settings import PACKAGE
from . import dev, errors, headers, health, metrics, pages
from .blueprints import API
from .contract import describe
from .dependencies import HttpDependencies, provide
from .framework import make_app
from .reference import provide_reference

__all__ = ["MAX_BODY_BYTES", "HttpDependencies", "create_http"]

MAX_BODY_BYTES = 1 << 20
"""Largest body of a request; above it the answer is 413."""


def create_http(deps: HttpDependencies) -> Flask:
    """The HTTP application of one worker, working with `deps`."""
    app = make_app(
        PACKAGE,
        static_folder="web/static",
        static_url_path="/static",
        template_folder="web/templates",
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    provide(app, deps)
    errors.install(app)
    headers.install(app)
    for blueprint in (health.bp, metrics.bp, *API):
        app.register_blueprint(blueprint)
    if dev.is_offered(deps.settings):
        app.register_blueprint(dev.bp)
    pages.install(app, deps.settings)
    provide_reference(app, describe(app, deps.settings.serializer))
    return app
