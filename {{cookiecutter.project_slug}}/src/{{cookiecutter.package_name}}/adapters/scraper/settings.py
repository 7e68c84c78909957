"""What the settings of the scraper may be."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

PageUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?(?![\s\S])",
        description="an address such as https://prices.example/today, without a password",
    ),
]
Interval = Annotated[float, Meta(ge=1, le=86400)]
Agent = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_-]{1,64}([/ ][ -~]{0,200})?(?![\s\S])",
        description="a name such as prices-bot/1.0 (+https://you.example)",
    ),
]
