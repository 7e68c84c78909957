"""The live chart of the console page, as a test looks at it."""

from collections.abc import Sequence

from playwright.sync_api import expect

from .person import Person
from .publishing import Point


def watch(person: Person, symbol: str) -> None:
    """Show a symbol, and wait until its ticks come."""
    with person.page.expect_response(lambda response: f"/{symbol}/ticks" in response.url):
        person.page.fill("#symbol", symbol)
        person.page.press("#symbol", "Enter")
    expect(person.see("#prices-title")).to_have_text(symbol)
    expect(person.see("#prices")).to_have_attribute("data-state", "connected")


def drawn(person: Person) -> list[Point]:
    """What is on the canvas."""
    times, prices = person.page.evaluate(
        """() => import(document.querySelector("script[type=module]").src)
            .then(({ prices }) => prices.chart.data)"""
    )
    return [(round(time * 1e6), price) for time, price in zip(times, prices, strict=True)]


def expect_drawn(person: Person, points: Sequence[Point], timeout: float = 20_000) -> None:
    """Exactly these points are on the canvas, in this order."""
    plot = person.see("#plot")
    expect(plot).to_have_attribute("data-points", str(len(points)), timeout=timeout)
    assert drawn(person) == list(points)
