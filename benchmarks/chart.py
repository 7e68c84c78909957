"""The ratios as bars, in plain SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .candidates import CANDIDATES
from .works import WORKS

WIDTH, LABEL, BAR, GAP, HEAD = 860, 230, 14, 4, 34
PLOT = WIDTH - LABEL - 90
COLOURS = {"generated": "#2563eb", "reference": "#6b7280", "peer": "#c7cdd8"}
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2937}"
    ".t{font-weight:600}.line{stroke:#6b7280;stroke-dasharray:3 3}"
    "@media(prefers-color-scheme:dark){text{fill:#e5e7eb}}"
)


def chart(found: dict[str, Any]) -> str:
    """Each work a block of bars: work per CPU second as a multiple of the reference's."""
    blocks = [found["works"][work.name] for work in WORKS if work.name in found["works"]]
    parts: list[str] = []
    top = 10
    for block in blocks:
        bars = _bars(block)
        if bars:
            parts += _block(block, bars, top)
            top += HEAD + len(bars) * (BAR + GAP) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" '
        f'aria-label="Work per CPU second, as a multiple of the reference">'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _bars(block: dict[str, Any]) -> list[tuple[str, float]]:
    found = [
        (name, entry["ratio"]) for name, entry in block["candidates"].items() if "ratio" in entry
    ]
    return sorted(found, key=lambda bar: -bar[1])


def _block(block: dict[str, Any], bars: list[tuple[str, float]], top: int) -> Iterator[str]:
    reference = CANDIDATES[block["reference"]].title
    title = f"{block['title'].replace('`', '')}: {block['unit']}, as a multiple of {reference}"
    yield f'<text class="t" x="0" y="{top + 14}">{escape(title)}</text>'
    scale = PLOT / max(value for _, value in bars)
    for row, (name, value) in enumerate(bars):
        y = top + HEAD - 10 + row * (BAR + GAP)
        kind = "generated" if _is_generated(name) else "peer"
        colour = COLOURS["reference" if name == block["reference"] else kind]
        width = max(1.0, value * scale)
        yield f'<text x="0" y="{y + 11}">{escape(CANDIDATES[name].title)}</text>'
        size = f'width="{width:.1f}" height="{BAR}" rx="2"'
        yield f'<rect x="{LABEL}" y="{y}" {size} fill="{colour}"/>'
        yield f'<text x="{LABEL + width + 6:.1f}" y="{y + 11}">{value:.2f}</text>'
    x = LABEL + scale
    bottom = top + HEAD - 12 + len(bars) * (BAR + GAP)
    yield f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{top + HEAD - 14}" y2="{bottom}"/>'


def _is_generated(name: str) -> bool:
    return CANDIDATES[name].title.startswith("generated")
