"""Bring the asynchronous source, and the examples in documents, into the form of an async mode."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from forms import QUART, SYNC
from rewrite import Form, rewrite

FORMS = {"quart": QUART, "gevent": SYNC, "threading": SYNC, "eventlet": SYNC}
"""The async mode → the form of the source. What the template holds is that of asgi."""


def rewrite_examples(markdown: str, form: Form) -> str:
    """Bring the Python examples of a document into a form."""

    def example(block: re.Match[str]) -> str:
        code = textwrap.dedent(block[2])
        indent = block[2][: len(block[2]) - len(block[2].lstrip())]
        return block[1] + textwrap.indent(rewrite(code, form), indent) + block[3]

    return re.sub(r"(?s)(```python\n)(.*?)(```)", example, markdown)


def convert(paths: Iterable[Path], mode: str) -> None:
    """Rewrite Python files, and the examples in Markdown ones."""
    form = FORMS[mode]
    for path in paths:
        how = rewrite_examples if path.suffix == ".md" else rewrite
        try:
            source = path.read_text(encoding="utf-8")
            path.write_text(how(source, form), encoding="utf-8", newline="\n")
        except Exception as error:
            error.add_note(f"in {path}")
            raise
