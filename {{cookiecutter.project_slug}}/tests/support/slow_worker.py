"""The command line, with an export that reads small pages and waits after each."""

from typing import Any

import {{cookiecutter.package_name}}.__main__  # noqa: F401 - first: it patches where the mode needs it
from {{cookiecutter.package_name}}.command_line import main
from {{cookiecutter.package_name}}.ports import TickHistory
from {{cookiecutter.package_name}}.runtime.mode import sleep
from {{cookiecutter.package_name}}.services import export, job_run

PAUSE = 0.2


async def slow(history: TickHistory, arguments: dict[str, Any], report: export.Report) -> str:
    async def slowly(percent: int) -> None:
        await report(percent)
        await sleep(PAUSE)

    return await export.export(history, arguments, slowly)


if __name__ == "__main__":
    export.PAGE = 100
    job_run.KINDS["export"] = slow
    main()
