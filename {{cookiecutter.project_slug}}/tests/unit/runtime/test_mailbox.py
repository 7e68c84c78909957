"""The bounded queue between tasks."""

from {{cookiecutter.package_name}}.runtime.mailbox import Mailbox
from {{cookiecutter.package_name}}.runtime.mode import sleep, spawn

from ...support.waiting import until


async def test_items_come_in_order_and_in_batches() -> None:
    mailbox = Mailbox(10_000)
    for item in (b"1", b"2", b"3"):
        assert mailbox.put(item)
    assert await mailbox.take(2) == [b"1", b"2"]
    assert await mailbox.take(2) == [b"3"]
    assert not mailbox


async def test_it_waits_for_the_next_item() -> None:
    mailbox, taken = Mailbox(10_000), []

    async def take() -> None:
        taken.extend(await mailbox.take(10))

    spawn(take)
    await sleep(0.05)
    assert taken == []
    mailbox.put(b"1")
    await until(lambda: taken == [b"1"])


async def test_what_does_not_fit_is_refused_until_there_is_room() -> None:
    mailbox = Mailbox(3 * (100 + Mailbox.OVERHEAD))
    assert [mailbox.put(bytes(100)) for _ in range(5)] == [True, True, True, False, False]
    await mailbox.take(1)
    assert [mailbox.put(bytes(100)) for _ in range(2)] == [True, False]
