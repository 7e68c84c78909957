"""A Chromium to look at the console page with."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


class NoChromium(Exception):
    """There is none on this machine."""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """The Chromium on PATH, or else the one that Playwright installed.

    :raises NoChromium: if there is neither.
    """
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    # Chromium's sandbox refuses to start for root, as whom containers and CI often run.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*FLAGS, "--no-sandbox"] if as_root else FLAGS
    with sync_playwright() as playwright:
        if on_path is None and not Path(playwright.chromium.executable_path).exists():
            raise NoChromium(
                f"none of {', '.join(NAMES)} is on PATH, and Playwright has none of its own: "
                "install one, or run `playwright install chromium`"
            )
        browser = playwright.chromium.launch(executable_path=on_path, args=flags)
        try:
            yield browser
        finally:
            browser.close()
