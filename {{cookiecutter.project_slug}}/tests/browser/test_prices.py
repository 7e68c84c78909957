"""The live chart of the console page in a real Chromium, against the real service."""

import itertools

import pytest
from playwright.sync_api import WebSocketRoute, expect

from ..support.service import Service, running_service
from .cable import cable_to
from .conftest import Arrive
from .plot import expect_drawn, watch
from .publishing import publish, publish_history

KEPT = 2000
FIRST_LOOK = 200

_numbers = itertools.count(1)


@pytest.fixture
def symbol() -> str:
    """A symbol that nobody else publishes."""
    return f"TEST{next(_numbers)}"


def test_what_is_published_is_drawn_in_order_and_once(
    service: Service, arrive: Arrive, symbol: str
) -> None:
    ada = arrive(service.url)
    ada.sign_in("ada")
    watch(ada, symbol)
    expect_drawn(ada, [])
    points = []
    for start in range(0, 300, 50):
        points += publish(service, symbol, [100 + (start + n) / 8 for n in range(50)])
    publish(service, f"{symbol}B", [1.0, 2.0])  # nobody watches that
    expect_drawn(ada, points)
    expect(ada.see("#price")).to_have_text("137.375")


def test_it_begins_with_the_history(service: Service, arrive: Arrive, symbol: str) -> None:
    points = publish_history(service, symbol, 250)
    ada = arrive(service.url)
    ada.sign_in("ada")
    watch(ada, symbol)
    expect_drawn(ada, points[-FIRST_LOOK:])
    points += publish(service, symbol, [300.0, 299.5])
    expect_drawn(ada, points[-FIRST_LOOK - 2 :])


def test_what_was_missed_is_fetched(service: Service, arrive: Arrive, symbol: str) -> None:
    with cable_to(service.url) as cable:
        ada = arrive(cable.url)
        ada.sign_in("ada")
        watch(ada, symbol)
        points = publish(service, symbol, [1.0, 2.0])
        expect_drawn(ada, points)
        cable.cut()
        expect(ada.see("#prices")).to_have_attribute("data-state", "reconnecting")
        points += publish(service, symbol, [10 + n / 4 for n in range(450)])  # more than one page
        expect(ada.see("#plot")).to_have_attribute("data-points", "2")
        cable.mend()
        ada.try_now()
        points += publish(service, symbol, [3.0])
        expect_drawn(ada, points)


def test_it_works_below_a_prefix(service: Service, arrive: Arrive, symbol: str) -> None:
    with cable_to(service.url, "/below") as cable:
        ada = arrive(f"{cable.url}/")
        ada.sign_in("ada")
        watch(ada, symbol)
        expect_drawn(ada, publish(service, symbol, [1.0, 2.0]))


def test_what_the_feed_left_out_is_fetched(service: Service, arrive: Arrive, symbol: str) -> None:
    ada = arrive("about:blank")

    def lose_one(socket: WebSocketRoute) -> None:
        def forward(frame: str | bytes) -> None:
            if "666.5" not in str(frame):
                socket.send(frame)

        socket.connect_to_server().on_message(forward)

    ada.page.route_web_socket("**/socket.io/**", lose_one)
    ada.page.goto(service.url)
    ada.sign_in("ada")
    watch(ada, symbol)
    points = []
    for price in (1.0, 666.5, 2.0):
        points += publish(service, symbol, [price])
        ada.page.wait_for_timeout(200)  # one batch each
    expect_drawn(ada, points, timeout=30_000)


def test_a_long_series_is_bounded(service: Service, arrive: Arrive, symbol: str) -> None:
    ada = arrive(service.url)
    ada.sign_in("ada")
    watch(ada, symbol)
    points = []
    for start in range(0, KEPT + 500, 500):
        points += publish(service, symbol, [float(start + n) for n in range(500)])
        ada.page.wait_for_timeout(200)
    expect(ada.see("#price")).to_have_text("2,499")
    expect_drawn(ada, points[-KEPT:])


def test_a_burst_is_drawn_once_a_frame(service: Service, arrive: Arrive, symbol: str) -> None:
    ada = arrive(service.url)
    ada.sign_in("ada")
    watch(ada, symbol)
    draws = ada.page.evaluate(
        """() => import(document.querySelector("script[type=module]").src).then(({ prices }) => {
            let draws = 0;
            new MutationObserver((changes) => (draws += changes.length))
                .observe(document.getElementById("plot"), { attributes: true });
            for (let n = 0; n < 50; n += 1) prices.chart.draw({ times: [n], prices: [n] });
            return new Promise((resolve) => setTimeout(() => resolve(draws), 500));
        })"""
    )
    assert draws == 1


@pytest.mark.parametrize("name", ["no blanks", "-FIRST", "X" * 17, ""])
def test_a_bad_symbol_is_explained(service: Service, arrive: Arrive, name: str) -> None:
    ada = arrive(service.url)
    ada.sign_in("ada")
    ada.page.fill("#symbol", name)
    ada.page.press("#symbol", "Enter")
    expect(ada.see("#symbol-error")).to_contain_text("1 to 16 characters")
    expect(ada.see("#symbol")).to_have_attribute("aria-invalid", "true")
    watch(ada, "ACME")
    expect(ada.see("#symbol-error")).to_be_empty()


def test_prices_need_their_own_scope(arrive: Arrive, symbol: str) -> None:
    with running_service({"APP_ENV": "test"}) as service:
        ada = arrive(service.url)
        ada.sign_in(service.token("ada"))
        expect(ada.see("#symbol-error")).to_contain_text("(forbidden)")
        ada.say("the chat goes on")
        ada.expect_messages("the chat goes on")
        ada.page.click("#sign-out")
        ada.sign_in(service.token("ada", "chat feed:read"))
        expect(ada.see("#text")).to_be_focused()  # in the room, and nothing takes the focus away
        watch(ada, symbol)
        expect_drawn(ada, publish(service, symbol, [1.5, 1.25]))
        expect(ada.see("#symbol-error")).to_be_empty()
