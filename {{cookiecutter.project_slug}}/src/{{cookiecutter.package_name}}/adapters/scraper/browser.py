"""A headless Chromium, driven by Selenium. Everything here blocks its caller."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from urllib.parse import urlsplit

from selenium.common.exceptions import SessionNotCreatedException, WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from urllib3.exceptions import HTTPError

from . import layout
from .page import MAX_CELL, MAX_ROWS, PageError, Row

LOAD_SECONDS = 15
"""Until the page itself is there."""
ROWS_SECONDS = 10.0
"""And from then, until its scripts have filled the table."""
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0
FLAGS = (
    "--headless=new",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # /dev/shm has 64 MB in a container
    "--disable-sync",
    "--no-first-run",
)
LEASH = '"$@" </dev/null & cat >/dev/null; kill -9 0'
"""A shell that starts chromedriver and, when its standard input closes, ends its whole session.
This process holds the other end: with it ends the browser, be it by ``kill -9``."""
READ_ROWS = f"""
const [row, cells, value] = arguments;
const text = (cell) =>
  cell && (cell.getAttribute(value) ?? cell.textContent).trim().slice(0, {MAX_CELL});
const read = (found) => Object.fromEntries(
  Object.entries(cells).map(([name, selector]) => [name, text(found.querySelector(selector))]));
return Array.from(document.querySelectorAll(row)).slice(0, {MAX_ROWS + 1}).map(read);
"""


class _LeashedDriver(Service):
    def __init__(self, chromedriver: str) -> None:
        super().__init__("/bin/sh", popen_kw={"start_new_session": True})
        self._chromedriver = chromedriver

    def env_path(self) -> str | None:
        """Selenium would take another program from ``SE_CHROMEDRIVER``."""
        return None

    def command_line_args(self) -> list[str]:
        return ["-c", LEASH, "sh", self._chromedriver, *super().command_line_args()]


class Browser:
    """One browser from its first read to its end.

    :param binary: path of the browser; ``None``: the one that chromedriver finds.
    :param sandbox: whether Chromium locks its pages in. As root, and in most containers, it cannot.
    """

    def __init__(self, agent: str, binary: str | None, *, sandbox: bool) -> None:
        self.reads = 0
        self._profile = tempfile.TemporaryDirectory(prefix="scraper-", ignore_cleanup_errors=True)
        self._options = Options()
        for flag in FLAGS if sandbox else (*FLAGS, "--no-sandbox"):
            self._options.add_argument(flag)
        self._options.add_argument(f"--user-agent={agent}")
        self._options.add_argument(f"--user-data-dir={self._profile.name}")
        self._options.add_experimental_option("prefs", {"download_restrictions": 3})
        self._options.page_load_strategy = "eager"
        self._options.unhandled_prompt_behavior = "dismiss"
        if binary is not None:
            self._options.binary_location = binary
        self._service: _LeashedDriver | None = None
        self._driver: Chrome | None = None
        self._killed = False

    def read(self, url: str) -> list[Row]:
        """The rows of the page, when its scripts have put some into the table.

        :raises PageError: if there are none. The browser is of no more use then.
        """
        try:
            return self._read(url)
        except SessionNotCreatedException:
            raise PageError(
                "the browser does not start; as root or in a container, set APP_SCRAPER_SANDBOX=0"
            ) from None
        except (WebDriverException, HTTPError, OSError, ValueError) as error:
            known = re.search(r"net::(ERR_\w+)", str(error))
            reason = known[1] if known else type(error).__name__
            raise PageError(f"no answer ({reason})") from None

    def kill(self) -> None:
        """End the browser, also while another thread is in :meth:`read`, which then fails."""
        self._killed = True
        process = getattr(self._service, "process", None)
        if self._service is not None and process is not None:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_SECONDS)
            self._service.stop()
        if self._driver is not None:
            self._driver.command_executor.close()  # type: ignore[union-attr]
        self._profile.cleanup()

    def _read(self, url: str) -> list[Row]:
        driver = self._driver or self._start()
        self.reads += 1
        driver.get(url)
        if urlsplit(driver.current_url).hostname != urlsplit(url).hostname:
            raise PageError("it redirects to another host")
        until = time.monotonic() + ROWS_SECONDS
        while True:
            rows: list[Row] = driver.execute_script(
                READ_ROWS, layout.ROW, layout.CELLS, layout.VALUE
            )
            if rows or time.monotonic() > until:
                break
            time.sleep(POLL_SECONDS)
        driver.get("about:blank")  # or its scripts would go on asking until the next read
        return rows

    def _start(self) -> Chrome:
        chromedriver = shutil.which("chromedriver")
        if chromedriver is None:
            raise PageError("chromedriver is not on PATH; install it (Debian: chromium-driver)")
        self._service = _LeashedDriver(chromedriver)
        self._driver = Chrome(self._options, self._service)
        self._driver.set_page_load_timeout(LOAD_SECONDS)
        self._driver.set_script_timeout(LOAD_SECONDS)
        if self._killed:  # before there was a process
            self.kill()
        return self._driver
