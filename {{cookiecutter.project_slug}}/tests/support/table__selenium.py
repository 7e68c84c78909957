"""The page with prices, as a site's script puts them in when the page has come."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping

import pytest

Row = tuple[str, str, str | None]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FILL = """
const cell = (className, textContent) =>
  Object.assign(document.createElement("td"), {className, textContent});
setTimeout(() => {
  for (const [symbol, price, at] of rows) {
    const row = document.querySelector("#prices").insertRow();
    row.append(cell("symbol", symbol), cell("price", price));
    if (at) {
      row.append(cell("at", "just now"));
      row.lastChild.dataset.value = at;
    }
  }
}, 100);
"""


def html(rows: Iterable[Row]) -> str:
    data = json.dumps(list(rows))
    return (
        "<!doctype html><title>Prices</title><h1>Prices</h1>"
        "<table id='prices'><tr><th>Symbol<th>Price<th>Time</tr></table>"
        f"<script>const rows = {data};{FILL}</script>"
    )


def settings() -> Mapping[str, str]:
    """What the service needs to be told besides the address. Skips where there is no browser."""
    require_browser()
    return {} if sandboxed() else {"APP_SCRAPER_SANDBOX": "0"}


def sandboxed() -> bool:
    """Chromium's sandbox refuses to start for root, as whom containers and CI often run."""
    return os.geteuid() != 0


def require_browser() -> None:
    if not (shutil.which("chromedriver") and any(map(shutil.which, BROWSERS))):
        pytest.skip("no chromedriver and Chromium on PATH (Debian: chromium-driver)")
