"""The dashboard in a real Chromium, against the real service."""

import itertools
from collections.abc import Mapping, Sequence

import pytest
from playwright.sync_api import expect

from ..support.service import Service, running_service
from .cable import cable_to
from .conftest import Arrive
from .person import Person
from .publishing import Point, publish, publish_history

FIRST_LOOK = 200

_numbers = itertools.count(1)


@pytest.fixture
def symbols() -> tuple[str, str]:
    """Symbols that nobody else publishes."""
    number = next(_numbers)
    return f"LEFT{number}", f"RIGHT{number}"


def enter(person: Person, credential: str) -> None:
    person.page.fill("#credential", credential)
    person.page.press("#credential", "Enter")
    expect(person.see("#dashboard")).to_be_visible()


def watch(person: Person, symbols: Sequence[str]) -> None:
    """Show these symbols, and wait until their ticks come."""
    with person.page.expect_response(lambda response: f"/{symbols[-1]}/ticks" in response.url):
        person.page.fill("#symbols", ", ".join(symbols).lower())
        person.page.press("#symbols", "Enter")
    expect_drawn(person, {symbol: [] for symbol in symbols}, exactly=False)


def drawn(person: Person) -> dict[str, list[Point]]:
    """What Plotly shows."""
    traces = person.page.evaluate(
        """() => document.querySelector("#dash .js-plotly-plot").data
            .map(({ name, x, y }) => [name, x, y])"""
    )
    return {
        name: [(round(time * 1e3), price) for time, price in zip(times, prices, strict=True)]
        for name, times, prices in traces
    }


def expect_drawn(
    person: Person, points: Mapping[str, Sequence[Point]], *, exactly: bool = True
) -> None:
    """Exactly these symbols have a line, with exactly these points in this order."""
    if exactly:
        counts = ",".join(str(len(those)) for those in points.values())
        expect(person.see("#dash")).to_have_attribute("data-points", counts)
        assert drawn(person) == {symbol: list(those) for symbol, those in points.items()}
    else:
        person.page.wait_for_function(
            """(names) => {
                const graph = document.querySelector("#dash .js-plotly-plot");
                return graph?.data?.map(({ name }) => name).join() === names;
            }""",
            arg=",".join(points),
        )


def test_what_is_published_is_drawn_in_order_and_once(
    service: Service, arrive: Arrive, symbols: tuple[str, str]
) -> None:
    left, right = symbols
    ada = arrive(f"{service.url}/dashboard")
    expect(ada.see("#dash")).to_be_hidden()
    enter(ada, "ada")
    watch(ada, symbols)
    points: dict[str, list[Point]] = {left: [], right: []}
    for start in range(0, 300, 50):
        points[left] += publish(service, left, [100 + (start + n) / 8 for n in range(50)])
        points[right] += publish(service, right, [float(start)])
    publish(service, f"{left}B", [1.0, 2.0])  # nobody watches that
    expect_drawn(ada, points)
    watch(ada, [right])
    points[right] += publish(service, right, [7.0])
    publish(service, left, [8.0])
    expect_drawn(ada, {right: points[right]})


def test_it_begins_with_the_history(
    service: Service, arrive: Arrive, symbols: tuple[str, str]
) -> None:
    left, right = symbols
    points = publish_history(service, left, 250)
    ada = arrive(f"{service.url}/dashboard/")
    enter(ada, "ada")
    watch(ada, symbols)
    expect_drawn(ada, {left: points[-FIRST_LOOK:], right: []})
    points += publish(service, left, [300.0, 299.5])
    expect_drawn(ada, {left: points[-FIRST_LOOK - 2 :], right: []})


def test_what_was_missed_is_fetched(
    service: Service, arrive: Arrive, symbols: tuple[str, str]
) -> None:
    left, right = symbols
    with cable_to(service.url) as cable:
        ada = arrive(f"{cable.url}/dashboard/")
        enter(ada, "ada")
        watch(ada, symbols)
        points = publish(service, left, [1.0, 2.0])
        expect_drawn(ada, {left: points, right: []})
        cable.cut()
        ada.expect_state("reconnecting")
        points += publish(service, left, [10 + n / 4 for n in range(450)])  # more than one page
        cable.mend()
        ada.try_now()
        points += publish(service, left, [3.0])
        expect_drawn(ada, {left: points, right: []})


def test_it_works_below_a_prefix(
    service: Service, arrive: Arrive, symbols: tuple[str, str]
) -> None:
    with cable_to(service.url, "/below") as cable:
        ada = arrive(f"{cable.url}/dashboard/")
        enter(ada, "ada")
        watch(ada, symbols)
        points = publish(service, symbols[0], [1.0, 2.0])
        expect_drawn(ada, {symbols[0]: points, symbols[1]: []})


def test_it_needs_a_token_with_its_scope(arrive: Arrive, symbols: tuple[str, str]) -> None:
    with running_service({"APP_ENV": "test"}) as service:
        ada = arrive(f"{service.url}/dashboard/")
        for token, code in (
            ("nonsense", "token_invalid"),
            (service.token("ada", scope="chat"), "forbidden"),
        ):
            ada.page.fill("#credential", token)
            ada.page.press("#credential", "Enter")
            expect(ada.see("#credential-error")).to_contain_text(f"({code})")
        enter(ada, service.token("ada", "feed:read"))
        watch(ada, symbols)
        left, right = symbols
        expect_drawn(ada, {left: publish(service, left, [1.5, 1.25]), right: []})
        ada.page.click("#sign-out")
        expect(ada.see("#sign-in")).to_be_visible()
        expect(ada.see("#dash")).to_be_hidden()


@pytest.mark.parametrize("names", ["", "no$such", ",".join(f"S{n}" for n in range(11))])
def test_bad_symbols_are_explained(service: Service, arrive: Arrive, names: str) -> None:
    ada = arrive(f"{service.url}/dashboard/")
    enter(ada, "ada")
    ada.page.fill("#symbols", names)
    ada.page.press("#symbols", "Enter")
    expect(ada.see("#symbols-error")).to_contain_text("up to 10 symbols")
    expect(ada.see("#symbols")).to_have_attribute("aria-invalid", "true")
