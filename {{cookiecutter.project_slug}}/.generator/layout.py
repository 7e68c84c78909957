"""Join lines that were broken for a length they no longer have, as ruff's formatter would."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator, Mapping, Set

from source_tokens import WIDTH, Tokens, brackets, tokens_of

LAYOUT = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)
PRAGMA = re.compile(r" +# (noqa|type: ).*")
"""A comment that does not count for the length of its line."""
BEFORE_A_GROUP = {"=", "+=", "|=", "return", "assert", "if", "elif", "while", "in", "raise"}


def join(text: str, touched: Set[int]) -> str:
    """`text` with the statements that have one of the rows `touched` joined where they fit."""
    if not touched:
        return text
    lines = text.splitlines(keepends=True)
    for first, last in reversed(list(_statements(tokens_of(text)))):
        if first < last and not touched.isdisjoint(range(first, last + 1)):
            statement = [line.rstrip("\n") for line in lines[first - 1 : last]]
            while (shorter := _joined_once(statement)) is not None:
                statement = shorter
            lines[first - 1 : last] = [f"{line}\n" for line in statement]
    return "".join(lines)


def _statements(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """The first and last row of each statement, or head of a block."""
    first = None
    for token in tokens:
        if first is None and token.type not in LAYOUT:
            first = token.start[0]
        if token.type == tokenize.NEWLINE and first is not None:
            yield first, token.end[0]
            first = None


def _joined_once(lines: list[str]) -> list[str] | None:
    """`lines` with one pair of brackets closed on the line it opens on, the outermost that fits."""
    tokens = tokens_of("\n".join(lines) + "\n")
    closing = brackets(tokens)
    for start, end in sorted(closing.items()):
        first, last = tokens[start].start[0], tokens[end].start[0]
        if first == last or _asks_for_lines(tokens[start : end + 1]):
            continue
        last = _end(tokens, closing, last)
        joined = _on_one_line(lines[first - 1 : last])
        if _only_groups(tokens, start, end):
            at = tokens[start].start[1]
            tail = joined.rindex(")")
            joined = joined[:at] + joined[at + 1 : tail] + joined[tail + 1 :]
        if len(PRAGMA.sub("", joined)) <= WIDTH:
            return [*lines[: first - 1], joined, *lines[last:]]
    return None


def _asks_for_lines(tokens: Tokens) -> bool:
    """Whether a comment, a text of several lines or a trailing comma keeps brackets open."""
    before = tokens[0]
    for token in tokens:
        if token.type == tokenize.COMMENT or token.start[0] != token.end[0]:
            return True
        if token.type in LAYOUT:
            continue
        closes = token.string in (")", "]", "}")
        if closes and before.string == "," and before.end[0] != token.start[0]:
            return True
        before = token
    return False


def _end(tokens: Tokens, closing: Mapping[int, int], row: int) -> int:
    """The row on which everything that opens on `row` has closed."""
    ends = [tokens[e].start[0] for s, e in closing.items() if tokens[s].start[0] == row]
    last = max([row, *ends])
    return row if last == row else _end(tokens, closing, last)


def _on_one_line(lines: list[str]) -> str:
    joined = lines[0].rstrip()
    for line in lines[1:]:
        part = line.strip()
        tight = joined[-1] in "([{" or part[0] in ")]}."
        joined += part if tight else f" {part}"
    return joined


def _only_groups(tokens: Tokens, start: int, end: int) -> bool:
    """Whether parentheses are there for the line breaks alone."""
    if tokens[start].string != "(" or not start:
        return False
    after = next((t.string for t in tokens[end + 1 :] if t.type not in LAYOUT), "")
    inner = tokens[start + 1 : end]
    depth = 0
    for token in inner:
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if depth == 0 and token.string in (",", "for", "yield", ":="):
            return False
    return tokens[start - 1].string in BEFORE_A_GROUP and after in ("", ":")
