"""What is counted of reading the page."""

from __future__ import annotations

from prometheus_client import Counter

SCRAPES = Counter(
    "scrapes", "Reads of the page by outcome: read, unchanged or failed.", ["outcome"]
)
SCRAPED_ROWS = Counter(
    "scraped_rows", "Rows of the page by outcome: taken, or refused: no ticks.", ["outcome"]
)
