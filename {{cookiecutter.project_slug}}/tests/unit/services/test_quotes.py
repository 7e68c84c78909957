"""What can be had of several answers, each in its time."""

from datetime import UTC, datetime

import pytest

from {{cookiecutter.package_name}}.domain.errors import Refused
from {{cookiecutter.package_name}}.domain.ticks import NoQuote, Tick
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services.quotes import Quotes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Source:
    """Symbols say what happens: SLOW, BAD, or a price comes."""

    async def fetch(self, symbol: str) -> Tick:
        if symbol == "SLOW":
            await mode.sleep(10)
        if symbol == "BAD":
            raise ValueError("not a price")
        return Tick(symbol, 1.0, NOW)


QUOTES = Quotes(Source(), call_seconds=0.2)


async def test_a_partial_result_says_what_is_missing() -> None:
    quotes, missing = await QUOTES.ask(["A", "SLOW", "BAD", "B"])
    assert [quote.symbol for quote in quotes] == ["A", "B"]
    assert missing == [NoQuote("SLOW", "timeout"), NoQuote("BAD", "failed")]


@pytest.mark.parametrize(
    ("symbols", "code"),
    [
        (["SLOW"], "upstream_timeout"),
        (["BAD"], "upstream_failed"),
        (["SLOW", "BAD"], "upstream_failed"),
    ],
)
async def test_nothing_at_all_is_refused(symbols: list[str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        await QUOTES.ask(symbols)
    assert refused.value.code == code


async def test_nobody_to_ask() -> None:
    with pytest.raises(Refused, match="APP_QUOTES_URL") as refused:
        await Quotes(None).ask(["A"])
    assert refused.value.code == "not_configured"
