"""How a test's HTTP client reaches an application in its own process: through ASGI."""

import httpx

from {{cookiecutter.package_name}}.runtime.asgi import ASGIApp

ADDRESS = "192.0.2.7"
"""Where the requests come from."""


def transport_to(app: ASGIApp) -> httpx.ASGITransport:
    """A transport to `app`; what `app` raises, the client raises."""
    return httpx.ASGITransport(app, client=(ADDRESS, 4711))
