"""Checks that an operator runs by hand, each with what to do when it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from . import mode
from .redaction import redact_text
from .serve import claim_port

CHECK_SECONDS = 5.0
_FOR_CLIENTS = "; try again"
_TODO = "; start it, or correct its address in the settings"


class Doctor:
    """Says one line for each check, and remembers whether all is well."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.well = True

    def ok(self, what: str, detail: str = "") -> None:
        self._say(f"ok       {what}" + (f": {detail}" if detail else ""))

    def problem(self, what: str, detail: str) -> None:
        self.well = False
        self._say(f"problem  {what}: {redact_text(detail)}")

    def port(self, host: str, port: int) -> None:
        try:
            claim_port(host, port)
        except OSError as error:
            self.problem("port", f"{host}:{port}: {error.strerror}; stop what uses it, or set PORT")
        else:
            self.ok("port", f"{host}:{port} is free")

    def file(self, what: str, path: Path, todo: str) -> None:
        if path.is_file():
            self.ok(what)
        else:
            self.problem(what, f"{path.name} is missing; {todo}")

    def run(self, what: str, check: Callable[[], Awaitable[None]]) -> None:
        """Run a check that waits; what it raises is a problem."""
        try:
            mode.run(check)
        except Exception as error:
            self.problem(what, _said(error))

    async def answers(self, checks: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Whether each of `checks` returns in time; they raise when something is wrong."""
        for name, check in checks.items():
            try:
                async with mode.timeout(CHECK_SECONDS):
                    await check()
            except TimeoutError:
                self.problem(name, f"no answer within {CHECK_SECONDS:g} s{_TODO}")
            except Exception as error:
                self.problem(name, _said(error).removesuffix(_FOR_CLIENTS) + _TODO)
            else:
                self.ok(name)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
