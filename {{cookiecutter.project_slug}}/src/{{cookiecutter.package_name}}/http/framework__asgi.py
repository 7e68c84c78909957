"""The web framework: Flask, its async views on the server's own event loop."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, request

from ..runtime.flask_app import AsgiFlask


def make_app(name: str, **options: Any) -> Flask:
    return AsgiFlask(name, **options)


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    return request.get_data()


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return render_template(template, **values)
