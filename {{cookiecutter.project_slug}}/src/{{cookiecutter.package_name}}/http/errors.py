"""Every error leaves as ``application/problem+json``."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

from ..domain.errors import Refused
from ..runtime.problems import CONTENT_TYPE, Problem
from ..runtime.tokens import TokenRefused
from .codes import code_of, status_of

DOCS = "/api/docs"


class InsufficientScope(Refused):
    """The token is good, but lacks `scope`."""

    def __init__(self, scope: str) -> None:
        super().__init__("forbidden", f"this needs a token with the scope {scope}")
        self.scope = scope


def install(app: Flask) -> None:
    """Answer errors of `app`; what nobody expected is logged by Flask, once, with its traceback."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(TokenRefused, _token_refused)
    app.register_error_handler(HTTPException, http_error)


def _refused(error: Refused) -> Response:
    response = _response(
        _problem(status_of(error.code), error.code, error.message, error.retry_after)
    )
    if isinstance(error, InsufficientScope):
        challenge = f'Bearer error="insufficient_scope", scope="{error.scope}"'
        response.headers["WWW-Authenticate"] = challenge
    return response


def _token_refused(error: TokenRefused) -> Response:
    response = _response(_problem(status_of(error.code), error.code, error.message))
    # RFC 6750 §3.1: no error code where no token was sent.
    missing = error.code == "token_missing"
    response.headers["WWW-Authenticate"] = "Bearer" if missing else 'Bearer error="invalid_token"'
    return response


def http_error(error: HTTPException) -> Response:
    """The answer to an error of HTTP."""
    response = cast(Response, error.get_response())
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:  # a redirect to the address with a slash
        return response
    code = code_of(status) or HTTPStatus(status).name.lower()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "something went wrong here; tell us the request_id"
    elif isinstance(error, NotFound):
        detail = "there is nothing at this address"
    else:
        detail = error.description or HTTPStatus(status).phrase
    problem = _response(_problem(status, code, detail))
    if "Allow" in response.headers:
        problem.headers["Allow"] = response.headers["Allow"]
    return problem


def _problem(status: int, code: str, detail: str, retry_after: float | None = None) -> Problem:
    documented_at = request.script_root + DOCS
    return Problem.of(status, code, detail, retry_after=retry_after, documented_at=documented_at)


def _response(problem: Problem) -> Response:
    return Response(problem.encode(), problem.status, problem.headers(), content_type=CONTENT_TYPE)
