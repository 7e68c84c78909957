"""The console page in a real Chromium, against the real service."""

import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from ..support.service import Service, running_service
from .cable import cable_to
from .conftest import Arrive

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def in_room(service: Service, room: str) -> str:
    return f"{service.url}/#{room}"


def test_two_people_chat_and_see_each_other(service: Service, arrive: Arrive, room: str) -> None:
    ada = arrive(in_room(service, room))
    ada.sign_in("ada")
    expect(ada.see("#state")).to_have_text("Connected")
    expect(ada.see("#title")).to_have_text(f"# {room}")
    expect(ada.see("#alone")).to_contain_text("Open this page in a second window")
    grace = arrive(ada.see("#second").get_attribute("href"))
    grace.sign_in("grace")
    for person in (ada, grace):
        person.expect_members("ada", "grace")

    ada.say("Good morning")
    grace.say("<img src=x onerror=alert(1)> & so on")
    ada.say("two\nlines")
    for person in (ada, grace):
        person.expect_messages("Good morning", "<img src=x onerror=alert(1)> & so on", "two\nlines")
        expect(person.see("#messages img")).to_have_count(0)
    expect(ada.see("#messages .mine")).to_have_count(2)
    expect(grace.see("#messages .mine")).to_have_count(1)

    grace.leave_page()
    ada.expect_members("ada")


def test_someone_with_two_windows_counts_once(service: Service, arrive: Arrive, room: str) -> None:
    here, there = arrive(in_room(service, room)), arrive(in_room(service, room))
    for window in (here, there):
        window.sign_in("ada")
        window.expect_members("ada")
    here.say("to myself")
    there.expect_messages("to myself")
    there.leave_page()
    here.say("still here")
    here.expect_messages("to myself", "still here")
    here.expect_members("ada")


def test_another_room_is_another_conversation(service: Service, arrive: Arrive, room: str) -> None:
    ada, grace = arrive(in_room(service, room)), arrive(in_room(service, room))
    ada.sign_in("ada")
    grace.sign_in("grace")
    ada.say("in the first room")
    grace.expect_messages("in the first room")
    ada.join(f"{room}-2")
    expect(ada.see("#title")).to_have_text(f"# {room}-2")
    ada.expect_messages()
    ada.expect_members("ada")
    grace.expect_members("grace")
    grace.say("only here")
    ada.join(room)
    ada.expect_messages("in the first room", "only here")
    ada.page.click("#leave")
    expect(ada.see("#empty-text")).to_contain_text("Join a room")
    expect(ada.see("#text")).to_be_disabled()
    grace.expect_members("grace")


def test_a_reload_shows_what_was_said(service: Service, arrive: Arrive, room: str) -> None:
    ada, grace = arrive(in_room(service, room)), arrive(in_room(service, room))
    ada.sign_in("ada")
    grace.sign_in("grace")
    ada.say("one")
    ada.expect_messages("one")
    ada.page.reload()
    expect(ada.see("#sign-in")).to_be_visible()  # the token was in memory only
    grace.expect_members("grace")
    grace.say("two")
    grace.expect_messages("one", "two")
    ada.sign_in("ada")
    ada.expect_messages("one", "two")


def test_a_lost_connection_loses_no_message(service: Service, arrive: Arrive, room: str) -> None:
    with cable_to(service.url) as cable:
        ada, grace = arrive(f"{cable.url}/#{room}"), arrive(in_room(service, room))
        ada.sign_in("ada")
        grace.sign_in("grace")
        ada.say("before")
        grace.expect_messages("before")

        cable.cut()
        expect(ada.see("#state")).to_have_text("Reconnecting")
        expect(ada.see("#trouble")).to_contain_text(re.compile(r"lost.*Next try in \d+ s"))
        expect(ada.see("#errors")).to_contain_text("The connection is lost")
        grace.expect_members("grace")
        grace.say("missed 1")
        grace.say("missed 2")
        ada.say("said while away")
        expect(ada.see(".mine .status").last).to_have_text("Waiting for the connection")
        # After some attempts in vain the next one is far enough away to be hurried.
        expect(ada.see("#next-try")).to_have_text(re.compile(r"in ([4-9]|1\d) s"), timeout=30_000)
        cable.mend()
        ada.page.click("#try-now")

        expect(ada.see("#news")).to_have_text("Caught up on 2 messages.")
        ada.expect_state("connected")
        expect(ada.see("#trouble")).to_be_hidden()
        for person in (ada, grace):
            person.expect_messages("before", "missed 1", "missed 2", "said while away")
            person.expect_members("ada", "grace")


def test_what_cannot_be_recovered_is_said(arrive: Arrive) -> None:
    settings = {"APP_ENV": "development", "APP_HISTORY_SIZE": "3"}
    with running_service(settings) as service, cable_to(service.url) as cable:
        ada, grace = arrive(cable.url), arrive(service.url)
        ada.sign_in("ada")
        grace.sign_in("grace")
        ada.say("before")
        grace.expect_messages("before")
        cable.cut()
        ada.expect_state("reconnecting")
        missed = [f"missed {number}" for number in range(4)]
        for text in missed:
            grace.say(text)
        grace.expect_messages("before", *missed)
        cable.mend()
        expect(ada.see("#news")).to_contain_text("could not be recovered")
        texts = ada.see("#messages .text").all_inner_texts()
        assert texts == ["before", *missed][-len(texts) :]
        assert texts


def test_a_message_lost_on_the_way_is_fetched(service: Service, arrive: Arrive, room: str) -> None:
    ada, grace = arrive("about:blank"), arrive(in_room(service, room))

    def lose_one(socket: WebSocketRoute) -> None:
        def forward(frame: str | bytes) -> None:
            is_event = str(frame).startswith("42")  # what answers an event is a 43
            if not (is_event and "gone astray" in str(frame)):
                socket.send(frame)

        socket.connect_to_server().on_message(forward)

    ada.page.route_web_socket("**/socket.io/**", lose_one)
    ada.page.goto(in_room(service, room))
    ada.sign_in("ada")
    grace.sign_in("grace")
    grace.say("one")
    ada.expect_messages("one")
    grace.say("gone astray")
    grace.expect_messages("one", "gone astray")
    grace.say("three")
    ada.expect_messages("one", "gone astray", "three")


def test_a_rate_limit_says_when_to_try_again(arrive: Arrive) -> None:
    with running_service({"APP_ENV": "development", "APP_RATE_MESSAGE": "10/60s:2"}) as service:
        ada, grace = arrive(service.url), arrive(service.url)
        ada.sign_in("ada")
        grace.sign_in("grace")
        ada.say_at_once("one", "two", "three")
        refused = ada.see('li[data-state="failed"]')
        expect(refused.locator(".text")).to_have_text("three")
        expect(refused.locator(".status")).to_contain_text(
            re.compile(r"Not sent: .*\(rate_limited\)\. Try again in \d+ s\.")
        )
        expect(ada.see("#errors")).to_contain_text("rate_limited")
        expect(refused.locator("button")).to_be_hidden()
        refused.locator("button").click()  # as soon as it is there
        for person in (ada, grace):
            person.expect_messages("one", "two", "three")


@pytest.mark.parametrize("name", ["Bad Room!", "", "-first", "x" * 65, "müller"])
def test_a_bad_room_name_is_explained(service: Service, arrive: Arrive, name: str) -> None:
    ada = arrive(service.url)
    ada.sign_in("ada")
    ada.join(name)
    expect(ada.see("#room-error")).to_contain_text("1 to 64 characters")
    expect(ada.see("#errors")).to_contain_text("1 to 64 characters")
    expect(ada.see("#room")).to_have_attribute("aria-invalid", "true")
    expect(ada.see("#room")).to_be_focused()
    expect(ada.see("#title")).to_have_text("# lobby")
    ada.join("good-room_1")
    expect(ada.see("#title")).to_have_text("# good-room_1")
    expect(ada.see("#room-error")).to_be_empty()


def test_tokens_outside_development(arrive: Arrive) -> None:
    with running_service({"APP_ENV": "test"}) as service:
        ada = arrive(service.url)
        for token, code in (
            ("nonsense", "token_invalid"),
            (service.token("ada", lifetime=-60), "token_expired"),
            (service.token("ada", scope="other"), "forbidden"),
        ):
            ada.page.fill("#credential", token)
            ada.page.press("#credential", "Enter")
            expect(ada.see("#credential-error")).to_contain_text(f"({code})")
            expect(ada.see("#state")).to_have_text("Refused")
        ada.sign_in(service.token("ada", rooms=["lobby"]))
        ada.join("elsewhere")
        expect(ada.see("#room-error")).to_contain_text("(forbidden)")
        ada.page.click("#sign-out")
        expect(ada.see("#sign-in")).to_be_visible()

        ada.sign_in(service.token("ada", lifetime=20))
        expect(ada.see("#renew")).to_contain_text(re.compile(r"Your token ends in \d+ s"))
        ada.page.fill("#new-token", service.token("grace"))
        ada.page.press("#new-token", "Enter")
        expect(ada.see("#renew-text")).to_contain_text("(forbidden)")
        token = service.token("ada")
        ada.page.fill("#new-token", token)
        ada.page.press("#new-token", "Enter")
        expect(ada.see("#renew")).to_be_hidden()
        assert token not in ada.page.content()


def test_a_draining_server_is_announced(arrive: Arrive) -> None:
    with running_service({"APP_ENV": "development"}) as service:
        ada = arrive(service.url)
        ada.sign_in("ada")
        ada.page.evaluate(
            """() => {
                window.seen = [];
                const state = document.getElementById("state");
                new MutationObserver(() => window.seen.push(state.dataset.state))
                    .observe(state, { attributes: true });
            }"""
        )
        service.terminate()
        ada.expect_state("reconnecting")
        assert "draining" in ada.page.evaluate("window.seen")


def test_everything_can_be_done_by_keyboard(service: Service, arrive: Arrive, room: str) -> None:
    ada = arrive(in_room(service, room))
    page = ada.page
    expect(ada.see("#credential")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    expect(ada.see("#text")).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    ada.expect_messages("by keyboard")
    stops = ["send", "sign-out", "room", "", "symbol", "watch", "leave", "scroller", "text"]
    assert [_tab(page) for _ in stops] == stops
    while _tab(page) != "leave":
        pass
    page.keyboard.press("Enter")
    expect(ada.see("#room")).to_be_focused()
    page.keyboard.press("Enter")
    expect(ada.see("#text")).to_be_focused()
    ada.expect_messages("by keyboard")


def _tab(page: Page) -> str:
    """Go to the next control, which must show that it has the focus. Returns its id."""
    page.keyboard.press("Tab")
    width, name = page.evaluate(
        """() => {
            let element = document.activeElement;
            if (element === document.body) return ["", "body"];
            return [getComputedStyle(element).outlineWidth, element.id];
        }"""
    )
    if name == "body":  # the browser's own controls come between the last and the first
        return _tab(page)
    assert width == "2px", f"no focus ring on {name}"
    return str(name)


def test_a_phone_never_scrolls_sideways(service: Service, arrive: Arrive, room: str) -> None:
    phone = arrive(in_room(service, room), **PHONE)

    def fits() -> bool:
        return bool(
            phone.page.evaluate(
                """[document.documentElement, document.getElementById("scroller")]
                    .every((element) => element.scrollWidth <= element.clientWidth)"""
            )
        )

    assert fits(), "signing in"
    phone.sign_in("a-name-as-long-as-it-may-be-" + "x" * 36)
    others = [arrive(in_room(service, room)) for _ in range(3)]
    for number, other in enumerate(others):
        other.sign_in(f"somebody-else-{number}")
    expect(phone.see("#count")).to_have_text("4")
    phone.say("unbroken" * 40)
    expect(phone.see('li[data-state="stored"]')).to_have_count(1)
    phone.join("Bad Room!")
    expect(phone.see("#room-error")).not_to_be_empty()
    assert fits(), "in the room"
    phone.see("#send").tap()
    expect(phone.see("#send")).to_be_in_viewport()


def test_the_page_says_when_its_library_is_missing(service: Service, arrive: Arrive) -> None:
    ada = arrive("about:blank")
    ada.page.route("**/vendor/*", lambda route: route.abort())
    ada.page.goto(service.url)
    expect(ada.see("#trouble")).to_contain_text("make assets")
    ada.complaints.clear()  # the request that was aborted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    service: Service, arrive: Arrive, room: str, scheme: str
) -> None:
    ada = arrive(in_room(service, room), color_scheme=scheme)
    ada.sign_in("ada")
    ada.say("readable")
    ada.expect_messages("readable")
    for selector in ("#state", "#title", ".mine .text", "time", "#send", "#sign-out", ".you"):
        assert ada.page.evaluate(CONTRAST, selector) >= 4.5, selector


# WCAG 2.2, contrast of text against what is painted behind it.
CONTRAST = """(selector) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const element = document.querySelector(selector);
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
        layers.unshift(getComputedStyle(node).backgroundColor);
    }
    const luminance = () => {
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => {
            const value = byte / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paint = (colour) => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
    layers.forEach(paint);
    const behind = luminance();
    paint(getComputedStyle(element).color);
    const [dark, light] = [behind, luminance()].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
}"""
