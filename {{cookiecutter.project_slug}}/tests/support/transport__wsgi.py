"""How a test's HTTP client reaches an application in its own process: through WSGI."""

from collections.abc import Iterable
from urllib.parse import quote

import httpx

from {{cookiecutter.package_name}}.runtime.wsgi import Environ, StartResponse, WSGIApp

ADDRESS = "192.0.2.7"
"""Where the requests come from."""


def transport_to(app: WSGIApp) -> httpx.WSGITransport:
    """A transport to `app`, which gets what httpx leaves out and a server tells."""

    def served(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        environ["PATH_INFO"] = path.encode().decode("latin-1")
        environ["RAW_URI"] = f"{quote(path)}?{environ['QUERY_STRING']}"
        environ["wsgi.input_terminated"] = True
        return app(environ, start_response)

    return httpx.WSGITransport(served, remote_addr=ADDRESS)
