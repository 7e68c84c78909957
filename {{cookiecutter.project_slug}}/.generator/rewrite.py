"""Derive another form of a Python module, token by token, as a person would have written it.

The template's source is asynchronous. A :class:`Form` says what another mode has in place of its
words; :func:`rewrite` puts that in, keeps the imports in order, and joins the lines that have
become short enough, so that the result needs no formatter. (psycopg 3, httpcore and urllib3 keep
two forms of one source in the same way.)
"""

from __future__ import annotations

import keyword
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from imports import reorder
from layout import join
from source_tokens import Tokens, brackets, tokens_of

Position = tuple[int, int]


@dataclass(frozen=True)
class Form:
    """What differs from the asynchronous source.

    :param dropped: keywords that go.
    :param names: identifier → what stands in its place.
    :param modules: imported module → the one to import from instead.
    :param unwrapped: generic types that are replaced by their argument.
    :param words: regular expression → replacement, in comments and texts.
    :param unknown: identifiers without a counterpart; meeting one is an error in the source.
    """

    dropped: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    unwrapped: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    def concerns(self, source: str) -> bool:
        """Whether anything of this stands in `source`: most files need no closer look."""
        words = {*self.dropped, *self.names, *self.modules, *self.unwrapped, *self.unknown}
        return bool(re.search(rf"\b({'|'.join(map(re.escape, words))})\b", source))


class NoCounterpart(Exception):
    """The source uses something that the form cannot express."""


def rewrite(source: str, form: Form) -> str:
    """`source` in another form; the same text if nothing in it differs.

    :raises NoCounterpart: naming the line.
    """
    if not form.concerns(source):
        return source
    text = reorder(source, form.modules, form.names, form.unwrapped)
    tokens = tokens_of(text)
    edits = sorted(_edits(tokens, form), reverse=True)
    lines = text.splitlines(keepends=True)
    touched = set()
    for (row, start), (last, end), replacement in edits:
        lines[row - 1] = lines[row - 1][:start] + replacement + lines[last - 1][end:]
        lines[row:last] = [""] * (last - row)
        touched |= set(range(row, last + 1))
    return join("".join(lines), touched)


def _edits(tokens: Tokens, form: Form) -> Iterator[tuple[Position, Position, str]]:
    closing = brackets(tokens)
    for i, token in enumerate(tokens):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            text = token.string
            for pattern, replacement in form.words.items():
                text = re.sub(pattern, replacement, text)
            if text != token.string:
                yield token.start, token.end, text
        elif token.type != tokenize.NAME:
            continue
        elif token.string in form.unknown:
            raise NoCounterpart(f"line {token.start[0]}: {token.string}")
        elif token.string in form.dropped:
            yield token.start, tokens[i + 1].start, ""
            if _stands_alone(tokens, i, closing):
                yield tokens[i - 1].start, tokens[i - 1].end, ""
                last = tokens[closing[i - 1]]
                yield last.start, last.end, ""
        elif token.string in form.unwrapped and tokens[i + 1].string == "[":
            yield token.start, tokens[i + 2].start, ""
            last = tokens[closing[i + 1]]
            yield last.start, last.end, ""
        elif token.string in form.names:
            yield token.start, token.end, form.names[token.string]


def _stands_alone(tokens: Tokens, i: int, closing: Mapping[int, int]) -> bool:
    """Whether parentheses, as in ``(await x).y``, are there for the dropped word alone."""
    before = tokens[i - 2]
    is_call = before.type == tokenize.NAME and not keyword.iskeyword(before.string)
    if tokens[i - 1].string != "(" or is_call:
        return False
    following = tokens[closing[i - 1] + 1].string
    return following in (".", "[")
