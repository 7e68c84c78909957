"""Names of requests: their routes, as paths are chosen by clients."""

from __future__ import annotations

from flask import Response, request
from opentelemetry import trace


def name_after_route(response: Response) -> Response:
    if request.url_rule is not None:
        one = trace.get_current_span()
        one.update_name(f"{request.method} {request.url_rule.rule}")
        one.set_attribute("http.route", request.url_rule.rule)
    return response
