"""What is in the way of leaning on another package is said by its name."""

import pytest

from {{cookiecutter.package_name}}.runtime import internals
from {{cookiecutter.package_name}}.runtime.internals import Names, Tested


@pytest.mark.parametrize(
    ("tested", "names", "reason"),
    [
        ({}, {"json": "loads", "json:JSONDecoder": "decode raw_decode"}, None),
        ({"no-such-thing": ((1, 0), (1, 9))}, {}, "no-such-thing is not installed"),
        ({}, {"no_such_module": "x"}, "no_such_module is not there"),
        ({}, {"json:NoSuchClass": "x"}, "json:NoSuchClass is not there"),
        ({}, {"json": "loads", "json:JSONDecoder": "decode gone"}, "json:JSONDecoder.gone is"),
    ],
)
def test_an_obstacle(tested: Tested, names: Names, reason: str | None) -> None:
    found = internals.obstacle(tested, names)
    assert found is None if reason is None else found is not None and found.startswith(reason)


def test_the_versions_between_which_it_has_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internals, "version", lambda _: "4.15.2")
    for first, last, fits in (
        ((4, 15), (4, 15), True),
        ((4, 2), (5, 0), True),
        ((4, 16), (4, 20), False),
        ((3, 0), (4, 14), False),
    ):
        assert (internals.obstacle({"x": (first, last)}, {}) is None) is fits
