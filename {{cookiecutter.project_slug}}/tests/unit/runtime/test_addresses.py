"""Whose address counts, and what a client can do about it."""

import pytest

from {{cookiecutter.package_name}}.runtime.addresses import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "hops", "address"),
    [
        ("10.0.0.1", None, 0, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", 0, "10.0.0.1"),
        ("10.0.0.1", None, 1, "10.0.0.1"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", 2, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6,203.0.113.7,10.0.0.2", 2, "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7", 2, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, unknown", 1, "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6,", 1, "10.0.0.1"),
        ("10.0.0.1", "x" * 100_000, 1, "10.0.0.1"),
        ("10.0.0.1", "1" * 63, 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", 1, "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::0:1]:4711", 1, "2001:db8::1"),
        ("10.0.0.1", "2001:DB8:0:0:0:0:0:1", 1, "2001:db8::1"),
        ("10.0.0.1", "fe80::1%" + "a" * 20, 1, "fe80::1"),
        ("::ffff:203.0.113.7", None, 0, "203.0.113.7"),
        ("10.0.0.1", "::ffff:203.0.113.7", 1, "203.0.113.7"),
        (None, None, 0, "unknown"),
        (None, "203.0.113.7", 1, "203.0.113.7"),
        ("", "nonsense", 1, "unknown"),
        ("testclient", None, 0, "testclient"),
    ],
)
def test_client_address(
    peer: str | None, forwarded_for: str | None, hops: int, address: str
) -> None:
    assert client_address(peer, forwarded_for, hops) == address


def test_it_may_be_asked_again_about_its_own_answer() -> None:
    forwarded_for = "6.6.6.6, 203.0.113.7, 10.0.0.2"
    once = client_address("10.0.0.1", forwarded_for, 2)
    assert client_address(once, forwarded_for, 2) == once
