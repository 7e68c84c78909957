"""Metrics for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response

from ..runtime import metrics

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def scrape() -> Response:
    return Response(metrics.render(), content_type=metrics.CONTENT_TYPE)
