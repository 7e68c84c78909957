"""The contract as this service serves it: two documents for programs, a page for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import msgspec
from flask import Blueprint, Flask, current_app

from ..runtime.contract.page import Page
from .codes import CODES
from .framework import page
from .guard import limit
from .operation import operation

bp = Blueprint("reference", __name__)


@dataclass(frozen=True, slots=True)
class Reference:
    openapi: msgspec.Raw
    asyncapi: msgspec.Raw
    page: Page


def provide_reference(app: Flask, contract: Reference) -> None:
    app.extensions["reference"] = contract


def _reference() -> Reference:
    return cast(Reference, current_app.extensions["reference"])


@bp.get("/api/openapi.json")
@operation("The HTTP contract as OpenAPI")
async def openapi_document() -> msgspec.Raw:
    return _reference().openapi


@bp.get("/api/asyncapi.json")
@operation("The Socket.IO contract as AsyncAPI")
async def asyncapi_document() -> msgspec.Raw:
    return _reference().asyncapi


@bp.get("/api/docs")
async def docs() -> str:
    await limit()
    return await page("docs.html", page=_reference().page, codes=CODES)
