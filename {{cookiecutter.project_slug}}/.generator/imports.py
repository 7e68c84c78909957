"""Keep ``from … import …`` statements in order when their words are exchanged."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from source_tokens import WIDTH


@dataclass(frozen=True)
class Import:
    """One ``from … import …``; `names` as they are written, an ``as`` included."""

    level: int
    module: str
    names: tuple[str, ...]

    @property
    def order(self) -> tuple[int, str]:
        """As isort has it: the furthest relative ones first, then by name."""
        return -self.level, self.module.lower()

    def text(self, indent: str) -> str:
        head = f"{indent}from {'.' * self.level}{self.module} import "
        line = head + ", ".join(self.names)
        if len(line) <= WIDTH:
            return f"{line}\n"
        return f"{head}(\n" + "".join(f"{indent}    {n},\n" for n in self.names) + f"{indent})\n"


def reorder(
    text: str, modules: Mapping[str, str], names: Mapping[str, str], dropped: Collection[str]
) -> str:
    """`text` with its imports exchanged and in order; those that do not differ stay as they are.

    :raises ValueError: if a comment stands where the order changes.
    """
    lines = text.splitlines(keepends=True)
    for block in reversed(list(_blocks(ast.parse(text)))):
        old = [_read(node) for node in block]
        new = [_exchange(statement, modules, names, dropped) for statement in old]
        if new == old:
            continue
        first, last = block[0].lineno - 1, block[-1].end_lineno or 0
        if any("#" in line for line in lines[first:last]):
            raise ValueError(f"line {first + 1}: a comment among imports that are exchanged")
        indent = " " * block[0].col_offset
        lines[first:last] = [statement.text(indent) for statement in _merge(new)]
    return "".join(lines)


def _blocks(tree: ast.Module) -> Iterator[list[ast.ImportFrom]]:
    """Imports that follow each other without a line between them."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    block: list[ast.ImportFrom] = []
    for node in sorted(found, key=lambda node: node.lineno):
        if block and node.lineno != (block[-1].end_lineno or 0) + 1:
            yield block
            block = []
        block.append(node)
    if block:
        yield block


def _read(node: ast.ImportFrom) -> Import:
    names = [f"{n.name} as {n.asname}" if n.asname else n.name for n in node.names]
    return Import(node.level, node.module or "", tuple(names))


def _exchange(
    statement: Import,
    modules: Mapping[str, str],
    names: Mapping[str, str],
    dropped: Collection[str],
) -> Import:
    module = statement.module
    for old, new in modules.items():
        if not statement.level and f"{module}.".startswith(f"{old}."):
            module = new + module.removeprefix(old)
    kept = [names.get(name, name) for name in statement.names if name not in dropped]
    if module == statement.module and kept == list(statement.names):
        return statement
    return Import(statement.level, module, tuple(sorted(set(kept), key=_member_order)))


def _member_order(name: str) -> tuple[int, str]:
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return rank, name


def _merge(statements: Iterable[Import]) -> list[Import]:
    """One statement a module, in order; a name with an ``as`` keeps a statement of its own."""
    merged: dict[tuple[int, str, str], Import] = {}
    for statement in statements:
        alias = statement.names[0] if statement.names and " as " in statement.names[0] else ""
        key = (statement.level, statement.module, alias)
        names = (*merged[key].names, *statement.names) if key in merged else statement.names
        if key in merged:
            names = tuple(sorted(set(names), key=_member_order))
        merged[key] = Import(statement.level, statement.module, names)
    return sorted((s for s in merged.values() if s.names), key=lambda statement: statement.order)
