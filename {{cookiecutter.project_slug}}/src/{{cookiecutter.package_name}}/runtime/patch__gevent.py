"""Makes what waits in the standard library yield to others. To be imported before anything else."""

from __future__ import annotations

import sys

from gevent import monkey

EARLY = {"engineio", "flask", "gunicorn", "prometheus_client", "redis", "socketio", "sqlalchemy"}
"""Modules that keep what they import: one imported before the patch would not yield."""

if not monkey.is_module_patched("socket"):
    if early := sorted(EARLY & sys.modules.keys()):
        raise RuntimeError(
            f"the patch comes too late: {', '.join(early)} were imported before;"
            f" import {__name__} in the first line of the program"
        )
    monkey.patch_all()
