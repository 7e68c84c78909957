"""OpenAPI 3.1 of the HTTP routes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from ..problems import CONTENT_TYPE, Problem
from . import Operation, Route
from .examples import example
from .schemas import REF, Schema, schemas_of

Document = dict[str, Any]
RETRIES = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def build(*, title: str, version: str, routes: Sequence[Route]) -> Document:
    operations = [route.operation for route in routes]
    parameters = [part for each in operations for part in (each.path, each.query) if part]
    bodies = [each.body for each in operations if each.body is not None]
    schemas, named = schemas_of(
        [*parameters, *bodies], [*(each.result for each in operations), Problem]
    )
    writer = _Writer(schemas, named)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(route.operation)
    for struct in set(parameters):  # written out as parameters, nothing refers to them
        del named[schemas[struct]["$ref"].removeprefix(REF)]
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


class _Writer:
    def __init__(self, schemas: dict[Any, Schema], named: dict[str, Schema]) -> None:
        self._schemas = schemas
        self._named = named

    def operation(self, operation: Operation) -> Schema:
        written: Schema = {"operationId": operation.name, "summary": operation.summary}
        if operation.doc:
            written["description"] = operation.doc
        if operation.scope is not None:
            written["security"] = [{"token": [operation.scope]}]
        parameters = [
            *self._parameters(operation.path, "path"),
            *self._parameters(operation.query, "query"),
        ]
        if parameters:
            written["parameters"] = parameters
        if operation.body is not None:
            content = {operation.body_type: self._content(operation.body)}
            written["requestBody"] = {"required": True, "content": content}
        written["responses"] = self._responses(operation)
        return written

    def _parameters(self, struct: Any, place: str) -> list[Schema]:
        if struct is None:
            return []
        schema = self._named[self._schemas[struct]["$ref"].removeprefix(REF)]
        written = []
        for name, field in schema["properties"].items():
            if field.get("default", ...) is None:  # there is no null in an address
                field = next(part for part in field["anyOf"] if part != {"type": "null"})
            described = {key: field[key] for key in ("description",) if key in field}
            rest = {key: value for key, value in field.items() if key not in described}
            required = name in schema["required"]
            written.append(
                {"name": name, "in": place, "required": required, **described, "schema": rest}
            )
        return written

    def _responses(self, operation: Operation) -> Schema:
        content = {operation.media_type: self._content(operation.result)}
        phrase = HTTPStatus(operation.status).phrase
        responses = {str(operation.status): {"description": phrase, "content": content}}
        for status in sorted({status for status, _ in operation.failures}):
            codes = [code for failing, code in operation.failures if failing == status]
            response: Schema = {
                "description": "code: " + ", ".join(f"`{code}`" for code in codes),
                "content": {CONTENT_TYPE: {"schema": self._schemas[Problem]}},
            }
            if status in RETRIES:
                response["headers"] = {
                    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
                }
            responses[str(status)] = response
        return responses

    def _content(self, type_: Any) -> Schema:
        schema = self._schemas[type_]
        content: Schema = {"schema": schema}
        if schema:  # an empty schema admits anything: no example says more
            content["example"] = example(schema, self._named)
        return content
