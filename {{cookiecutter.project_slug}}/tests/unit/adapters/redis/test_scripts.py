"""Scripts that run at the same time do not get into each other's way."""

from functools import partial

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.runtime.mode import spawn, stop, together, within


async def test_each_caller_gets_its_own_answer(stores: RedisStores) -> None:
    twice = stores.link.script("return tonumber(ARGV[1]) * 2")
    answers = await together(*(partial(twice, ("k",), (n,)) for n in range(300)))
    assert answers == [n * 2 for n in range(300)]


async def test_one_that_fails_fails_alone(stores: RedisStores) -> None:
    well = stores.link.script("return 'well'")
    bad = stores.link.script("return redis.call('NO SUCH COMMAND')")
    answers = await together(*(partial(script, ("k",), ()) for script in (well, bad, well)))
    assert answers[::2] == ["well", "well"]
    assert isinstance(answers[1], Unavailable)
    assert stores.link.up


async def test_one_that_redis_has_forgotten_is_loaded_again(stores: RedisStores) -> None:
    script = stores.link.script("return 'well'")
    await script(("k",), ())
    await stores.link.client.script_flush()
    assert await script(("k",), ()) == "well"


async def test_a_caller_who_leaves_does_not_keep_the_others_from_theirs(
    stores: RedisStores,
) -> None:
    script = stores.link.script("return tonumber(ARGV[1])")
    gone = [spawn(script, ("k",), (n,)) for n in range(10)]
    await stop(*gone)
    assert await within(5, partial(script, ("k",), (7,))) == 7
