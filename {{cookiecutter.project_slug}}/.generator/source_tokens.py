"""Python source as tokens."""

from __future__ import annotations

import io
import tokenize

Tokens = list[tokenize.TokenInfo]
WIDTH = 100
"""Columns a line may have, as the formatter of the projects is set."""


def tokens_of(text: str) -> Tokens:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def brackets(tokens: Tokens) -> dict[int, int]:
    """The index of every opening bracket → that of the one that closes it."""
    found, opened = {}, []
    for index, token in enumerate(tokens):
        if token.type == tokenize.OP and token.string in "([{":
            opened.append(index)
        elif token.type == tokenize.OP and token.string in ")]}":
            found[opened.pop()] = index
    return found
