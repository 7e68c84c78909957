"""The web framework: Quart."""

from __future__ import annotations

from typing import Any

from quart import Quart, render_template, request


def make_app(name: str, **options: Any) -> Quart:
    return Quart(name, **options)


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    body = await request.get_data(as_text=False)
    return body.encode() if isinstance(body, str) else body


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return await render_template(template, **values)
