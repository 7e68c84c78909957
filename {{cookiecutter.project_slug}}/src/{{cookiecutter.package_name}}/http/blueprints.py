"""The resources of the API. To add one: a module with its blueprint, and a place in this list."""

from __future__ import annotations

from . import messages, reference, tokens

API = (messages.bp, tokens.bp, reference.bp)
