"""The database with traces."""

from __future__ import annotations

from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor


def trace_statements() -> None:
    """Have the statements of every engine made from now on make spans, without their values.

    An engine has to be made by ``sqlalchemy.create_engine``, named so: it is replaced there.
    """
    instrumentor = SQLAlchemyInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument()
