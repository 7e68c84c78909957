"""A call with a deadline, which costs nothing until the call waits."""

from functools import partial

import pytest

from {{cookiecutter.package_name}}.runtime.mode import sleep, within


async def answer(seconds: float = 0.0) -> str:
    if seconds:
        await sleep(seconds)
        await sleep(0.001)
    return "42"


async def fail(seconds: float) -> None:
    if seconds:
        await sleep(seconds)
    raise ValueError("seconds")


@pytest.mark.parametrize("seconds", [0.0, 0.01])
async def test_the_result_whether_it_waited_or_not(seconds: float) -> None:
    assert await within(5, partial(answer, seconds)) == "42"


@pytest.mark.parametrize("seconds", [0.0, 0.01])
async def test_what_it_raises_before_or_after_it_waited(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        await within(5, partial(fail, seconds))


async def test_what_waits_too_long_is_interrupted_and_may_clean_up() -> None:
    said: list[str] = []

    async def slow() -> None:
        try:
            await sleep(30)
        finally:
            said.append("cleaned up")

    with pytest.raises(TimeoutError):
        await within(0.05, slow)
    assert said == ["cleaned up"]


async def test_what_goes_on_all_the_same_has_its_result() -> None:
    async def stubborn() -> str:
        try:
            await within(0.05, partial(sleep, 30))
        except TimeoutError:
            return await answer(0.001)
        return "not interrupted"

    assert await within(5, stubborn) == "42"
