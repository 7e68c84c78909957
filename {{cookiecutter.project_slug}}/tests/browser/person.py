"""Someone at the console page, and what they do and see there."""

import re
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, expect

PATIENCE = 20_000
"""Milliseconds: far more than anything here takes, for machines that are busy."""
expect.set_options(timeout=PATIENCE)

# The browser itself reports a lost connection; that is no fault of the page.
_NETWORK = re.compile(r"^WebSocket connection to \S+ failed")


class Person:
    """A browser window of its own. `complaints`: errors and warnings on its JavaScript console."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_context(**options).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)

    def see(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def sign_in(self, credential: str) -> None:
        """Sign in with a name (in development) or a token, and wait to be in the room."""
        self.page.fill("#credential", credential)
        self.page.press("#credential", "Enter")
        expect(self.see("#text")).to_be_enabled()

    def say(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def say_at_once(self, *texts: str) -> None:
        """Faster than any typist: before the service can answer the first."""
        self.page.evaluate(
            """(texts) => {
                const field = document.getElementById("text");
                for (const text of texts) {
                    field.value = text;
                    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
                }
            }""",
            texts,
        )

    def join(self, room: str) -> None:
        self.page.fill("#room", room)
        self.page.press("#room", "Enter")

    def try_now(self) -> None:
        """Have the page connect, unless it is just trying by itself and the button has gone."""
        self.page.evaluate("document.querySelector('#try-now:not([hidden])')?.click()")

    def expect_state(self, state: str) -> None:
        expect(self.see("#state")).to_have_attribute("data-state", state)

    def expect_members(self, *names: str) -> None:
        expect(self.see("#members .name")).to_have_text(list(names))

    def expect_messages(self, *texts: str) -> None:
        """Exactly these are in the list, in this order, and all of them are stored."""
        expect(self.see("#messages .text")).to_have_text(list(texts))
        expect(self.see('#messages li:not([data-state="stored"])')).to_have_count(0)

    def leave_page(self) -> None:
        self.page.context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _NETWORK.match(message.text):
            self.complaints.append(message.text)
