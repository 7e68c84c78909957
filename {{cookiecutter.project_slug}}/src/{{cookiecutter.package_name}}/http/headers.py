"""What every response carries, and how it is counted."""

from __future__ import annotations

from flask import Flask, Response, request

from ..runtime import metrics

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",  # covers WebSockets to the same host and port
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONE_YEAR = 365 * 24 * 60 * 60
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def install(app: Flask) -> None:
    app.after_request(_secure)
    app.after_request(_count)


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a view may have its own policy
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR}")
    return response


def _count(response: Response) -> Response:
    # Clients choose paths and methods: as labels they would grow without bound.
    route = request.url_rule.rule if request.url_rule else "(unmatched)"
    method = request.method if request.method in METHODS else "(other)"
    metrics.HTTP_REQUESTS.labels(route, method, str(response.status_code)).inc()
    return response
