"""How refusals of the product reach a client."""

from __future__ import annotations

from ..domain.errors import Refused
from ..runtime.refusal import Refusal


def explain(error: Exception) -> Refusal | None:
    """The acknowledgement for a refusal of the product; ``None`` for any other exception."""
    if isinstance(error, Refused):
        return Refusal(error.code, error.message, error.retry_after)
    return None
