"""Whether this worker lives, and whether it can serve."""

from __future__ import annotations

import logging
from functools import partial

from flask import Blueprint, Response, jsonify

from ..runtime import metrics, mode
from .dependencies import Check, dependencies

bp = Blueprint("health", __name__)

CHECK_TIMEOUT = 2.0
"""Seconds for each of the readiness checks, which run side by side."""

_log = logging.getLogger(__name__)


@bp.get("/healthz")
def live() -> Response:
    return jsonify(status="ok")


@bp.get("/readyz")
async def ready() -> tuple[Response, int]:
    deps = dependencies()
    if deps.drain.started:
        return jsonify(status="draining", checks={}), 503
    errors = await mode.together(*(partial(_bounded, check) for check in deps.checks.values()))
    checks = {
        # The class alone: a driver's message may quote its URL, password included.
        name: "ok" if error is None else f"failed: {type(error).__name__}"
        for name, error in zip(deps.checks, errors, strict=True)
    }
    for name, outcome in checks.items():
        metrics.BACKEND_UP.labels(name).set(outcome == "ok")
    failed = [f"{name} {outcome}" for name, outcome in checks.items() if outcome != "ok"]
    if failed:
        _log.warning("not ready: %s", ", ".join(failed))
        return jsonify(status="unavailable", checks=checks), 503
    return jsonify(status="ok", checks=checks), 200


async def _bounded(check: Check) -> None:
    async with mode.timeout(CHECK_TIMEOUT):
        await check()
