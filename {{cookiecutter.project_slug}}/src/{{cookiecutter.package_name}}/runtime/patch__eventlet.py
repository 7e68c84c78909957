"""Makes what waits in the standard library yield to others. To be imported before anything else."""

from __future__ import annotations

import os
import sys
import warnings

with warnings.catch_warnings():
    # "deprecated": whoever chose this mode has read it, see README.md
    warnings.simplefilter("ignore")
    import eventlet
    from eventlet import patcher

EARLY = {"engineio", "flask", "prometheus_client", "redis", "socketio", "sqlalchemy"}
"""Modules that keep what they import: one imported before the patch would not yield."""

# psycopg's compiled form waits inside of libpq, where nothing can yield.
os.environ["PSYCOPG_IMPL"] = "python"
if not patcher.is_monkey_patched("socket"):
    if early := sorted(EARLY & sys.modules.keys()):
        raise RuntimeError(
            f"the patch comes too late: {', '.join(early)} were imported before;"
            f" import {__name__} in the first line of the program"
        )
    eventlet.monkey_patch()
