"""Which database ``DATABASE_URL`` names, and what may be wrong with it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from .driver import Driver
from .drivers import DRIVERS, EXAMPLE, OTHERS

PACKAGE = __name__.partition(".")[0]
DEVELOPMENT_FILE = Path("var", f"{PACKAGE}.sqlite3")


def resolve(url: str | None) -> tuple[Driver, URL]:
    """The driver for `url`, and the URL with that driver's name in it.

    :param url: one that :func:`database_problems` finds nothing wrong with. ``None``: the
        development file, whose directory is made if need be.
    """
    if not url:
        DEVELOPMENT_FILE.parent.mkdir(exist_ok=True)
        url = f"sqlite:///{DEVELOPMENT_FILE.as_posix()}"
    parsed = make_url(url)
    driver = DRIVERS[parsed.get_backend_name()]
    return driver, parsed.set(drivername=driver.name)


def database_problems(url: str | None, *, env: str) -> list[str]:
    """What is wrong with ``DATABASE_URL``, a sentence each; never with its password in it."""
    if not url:
        if env != "production":
            return _missing_driver(DRIVERS["sqlite"])
        return [f"DATABASE_URL is not set; name the database to use, such as {EXAMPLE}"]
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return [f"DATABASE_URL is not a URL such as {EXAMPLE}; {_ENCODE}"]
    if "@" in (parsed.host or ""):  # what stands before it is the end of a password
        return [f"DATABASE_URL has more than one '@'; {_ENCODE}"]
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        return [f"DATABASE_URL begins with {parsed.drivername}://, expected {_SCHEMES}; {OTHERS}"]
    if "+" in parsed.drivername and parsed.drivername != driver.name:
        return [f"DATABASE_URL: leave the driver out and write {parsed.get_backend_name()}://"]
    return _missing_driver(driver) or _unusable_place(parsed)


_SCHEMES = " or ".join(f"{scheme}://" for scheme in DRIVERS)
_ENCODE = "percent-encode special characters in user and password (@ is %40, : is %3A, / is %2F)"


def _missing_driver(driver: Driver) -> list[str]:
    if find_spec(driver.module):
        return []
    return [f"the package {driver.module} is not installed; install the project's dependencies"]


def _unusable_place(url: URL) -> list[str]:
    if url.get_backend_name() != "sqlite":
        if url.database:
            return []
        return [f"DATABASE_URL names no database; expected something like {EXAMPLE}"]
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return ["DATABASE_URL must name a file: no two connections share one kept in memory"]
    if not Path(url.database).parent.is_dir():
        return [f"DATABASE_URL: there is no directory {Path(url.database).parent}; make it first"]
    return []
