"""A web site with a page of prices, on a free port of the loopback. Its address: `url`."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import table

Answer = Callable[["Handler"], None]


class Site:
    """`answers`: to the next requests for a page, before it is the table again."""

    def __init__(self) -> None:
        self.rows: list[table.Row] = [("ACME", "1,101.25", None), ("BOLT", "75.5", None)]
        self.robots: str | None = None
        self.robots_status = 404
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, str]] = []
        """Path, agent and status of each request, in order."""
        self.sent = 0
        """Bytes of bodies that have gone out."""
        self.holding = False
        self._released = threading.Event()
        site = self

        class Bound(Handler):
            def setup(self) -> None:
                super().setup()
                self.site = site

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/prices"

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def statuses(self) -> list[str]:
        """Of the requests for pages."""
        return [status for path, _, status in self.asked if path != "/robots.txt"]

    def hold(self) -> None:
        """Let a request wait, until :meth:`release`."""
        self.holding = True
        self._released.wait(30)
        self.holding = False

    def release(self) -> None:
        self._released.set()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        if self.path == "/favicon.ico":
            self.answer(404)
        elif self.path == "/robots.txt":
            if site.robots is not None:
                self.answer(200, site.robots.encode(), "text/plain")
            else:
                self.answer(site.robots_status)
        elif site.answers:
            site.answers.pop(0)(self)
        else:
            self._table()

    def _table(self) -> None:
        body = table.html(self.site.rows).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, ETag=tag)
        else:
            self.answer(200, body, ETag=tag)

    def answer(
        self, status: int, body: bytes = b"", kind: str = "text/html; charset=utf-8", **headers: str
    ) -> None:
        self.begin(status, kind, Content_Length=str(len(body)), **headers)
        self.write(body)

    def begin(self, status: int, kind: str = "text/html", **headers: str) -> None:
        """Send the head of an answer. Where a name has a hyphen, it is written with ``_``."""
        agent = self.headers.get("User-Agent", "")
        if self.path != "/favicon.ico":
            self.site.asked.append((self.path, agent, str(status)))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def write(self, data: bytes) -> bool:
        """Whether somebody is there to take it."""
        try:
            self.wfile.write(data)
        except OSError:
            return False
        self.site.sent += len(data)
        return True

    def log_message(self, *_: object) -> None: ...


@contextmanager
def running_site() -> Iterator[Site]:
    site = Site()
    try:
        yield site
    finally:
        site.close()
