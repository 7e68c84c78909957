"""Take the pictures anew: two people chatting through a generated project; its dashboard, if any.

    cd GENERATED_PROJECT && make install assets
    .venv/bin/python TEMPLATE_REPOSITORY/docs/images/retake.py

Uses the project's own browser tests, so it needs what they need: a Chromium.
"""

import base64
import importlib
import sys
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).with_name("console.png")
DASHBOARD = Path(__file__).with_name("dashboard.png")
TALK = (
    ("grace", "Morning! I put the second worker behind the proxy."),
    ("ada", "I saw the dot turn orange for a second, then green."),
    ("ada", "And everything said in between was there."),
    ("grace", "Then kill -9 the first one, while I keep talking 🙂"),
    ("ada", "Done. Still here?"),
    ("grace", "Still here. Nothing lost, nothing twice."),
)
WIDE = {"viewport": {"width": 1100, "height": 620}}
DESK = {"viewport": {"width": 850, "height": 600}, "device_scale_factor": 2}
PHONE = {
    "viewport": {"width": 360, "height": 660},
    "device_scale_factor": 2,
    "color_scheme": "dark",
    "is_mobile": True,
    "has_touch": True,
}
PRICES_MS = 30_000
"""Of the simulated market, for a line worth looking at."""
FRAME = """
<style>
  body {{ margin: 0; width: 1280px; height: 720px; position: relative;
         background: #dfe8ee; }}
  img {{ position: absolute; display: block; box-shadow: 0 8px 24px rgb(15 30 45 / 0.2); }}
  #desk {{ left: 40px; top: 60px; width: 850px; border-radius: 14px; }}
  #phone {{ right: 40px; top: 70px; width: 310px; border: 7px solid #0b0d10; border-radius: 34px; }}
</style>
<img id="desk" src="data:image/png;base64,{desk}">
<img id="phone" src="data:image/png;base64,{phone}">
"""


def main() -> None:
    sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "src")]
    chromium = importlib.import_module("tests.browser.chromium")
    person = importlib.import_module("tests.browser.person").Person
    service = importlib.import_module("tests.support.service")
    with (
        service.running_service(env={"APP_ENV": "development"}) as running,
        chromium.running_chromium() as browser,
    ):
        people = {
            "ada": person(browser, running.url, **DESK),
            "grace": person(browser, running.url, **PHONE),
        }
        for name, who in people.items():
            who.sign_in(name)
        for who in people.values():
            who.page.wait_for_timeout(PRICES_MS / 2)
        talk(people)
        shots = {
            name: base64.b64encode(who.page.screenshot()).decode() for name, who in people.items()
        }
        frame = browser.new_page(viewport={"width": 1280, "height": 720})
        frame.set_content(FRAME.format(desk=shots["ada"], phone=shots["grace"]))
        frame.screenshot(path=PICTURE)
        if Path("tests/browser/test_dashboard.py").exists():
            take_dashboard(person(browser, f"{running.url}/dashboard/", **WIDE))


def take_dashboard(ada: Any) -> None:
    ada.page.fill("#credential", "ada")
    ada.page.press("#credential", "Enter")
    ada.page.fill("#symbols", "ACME, BOLT, CRUX, DUNE, ECHO")
    ada.page.press("#symbols", "Enter")
    ada.page.wait_for_timeout(PRICES_MS / 2)
    ada.page.screenshot(path=DASHBOARD)


def talk(people: dict[str, Any]) -> None:
    for index, (name, text) in enumerate(TALK, start=1):
        people[name].say(text)
        said = [text for _, text in TALK[:index]]
        for who in people.values():
            who.expect_messages(*said)
    for who in people.values():
        who.page.wait_for_timeout(300)  # colours that fade in


if __name__ == "__main__":
    main()
