"""How a test's HTTP client reaches an application in its own process: through WSGI."""

from collections.abc import Iterable

import httpx

from {{cookiecutter.package_name}}.runtime.wsgi import Environ, StartResponse, WSGIApp

ADDRESS = "192.0.2.7"
"""Where the requests come from."""


def transport_to(app: WSGIApp) -> httpx.WSGITransport:
    """A transport to `app`, which is given what a server would give it."""

    def served(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")
        environ["wsgi.input_terminated"] = True
        return app(environ, start_response)

    return httpx.WSGITransport(served, raise_app_exceptions=False, remote_addr=ADDRESS)
