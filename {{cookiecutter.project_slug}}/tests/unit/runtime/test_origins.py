"""Which pages may connect."""

import pytest

from {{cookiecutter.package_name}}.runtime.origins import OriginPolicy

HOST = {"HTTP_HOST": "chat.example.com"}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://chat.example.com", True),
        ("http://chat.example.com", True),
        ("https://CHAT.example.com", True),
        ("https://app.example.com", True),
        ("https://app.example.com.evil.org", False),
        ("https://evil.org", False),
        ("null", False),
        ("https://[", False),
        ("chat.example.com", False),
    ],
)
def test_own_pages_and_listed_ones(origin: str | None, allowed: bool) -> None:
    policy = OriginPolicy(["https://app.example.com/"])
    assert policy(origin, HOST) is allowed


def test_behind_a_proxy_that_changes_the_host() -> None:
    environ = {"HTTP_HOST": "10.0.0.7:8000", "HTTP_X_FORWARDED_HOST": "chat.example.com"}
    assert OriginPolicy([])("https://chat.example.com", environ)
    assert not OriginPolicy([])("https://evil.org", environ)


def test_a_star_allows_all() -> None:
    assert OriginPolicy(["*"])("https://evil.org", HOST)
