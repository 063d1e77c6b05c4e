"""Requests take turns, and nobody waits for one that takes long."""

from __future__ import annotations

import asyncio

import pytest

from weiyu_site.edge.turns import Turns

LONG = 60.0


class Visits:
    """Callers who note when they come in, and stay until they are let go."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.inside, self.order = turns, set(), []
        self.ends, self.comes = {}, {}

    def send(self, name: str) -> asyncio.Task:
        self.ends[name], self.comes[name] = asyncio.Event(), asyncio.Event()
        return asyncio.create_task(self._visit(name))

    async def _visit(self, name: str) -> None:
        async with self.turns.turn():
            self.inside.add(name)
            self.order.append(name)
            self.comes[name].set()
            try:
                await self.ends[name].wait()
            finally:
                self.inside.remove(name)

    async def come(self, names: str) -> None:
        await asyncio.gather(*(self.comes[name].wait() for name in names))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def run(scene, patience=LONG):
    async def main():
        await asyncio.wait_for(scene(Visits(Turns(patience))), 10)

    asyncio.run(main())


def test_one_at_a_time_in_the_order_in_which_they_came():
    async def scene(visits):
        tasks = [visits.send(name) for name in "abcd"]
        for name in "abcd":
            await settle()
            assert visits.inside == {name}
            visits.ends[name].set()
        await asyncio.gather(*tasks)
        assert visits.order == [*"abcd"]
        # Nobody is left who holds the turn.
        visits.send("e")
        await settle()
        assert visits.inside == {"e"}

    run(scene)


def test_who_takes_long_lets_the_next_one_in():
    async def scene(visits):
        tasks = [visits.send(name) for name in "abc"]
        await visits.come("abc")
        # Each passes the turn on once, so two that end do not let two in.
        visits.turns.patience = LONG
        tasks += [visits.send(name) for name in "def"]
        visits.ends["a"].set()
        visits.ends["b"].set()
        await visits.come("d")
        await settle()
        assert visits.inside == {"c", "d"}
        for end in visits.ends.values():
            end.set()
        await asyncio.gather(*tasks)

    run(scene, patience=0.05)


@pytest.mark.parametrize("when", ["waiting", "called", "inside"])
def test_who_leaves_keeps_nobody_waiting(when):
    async def scene(visits):
        first, second, third = (visits.send(name) for name in "abc")
        await settle()
        if when == "called":
            visits.ends["a"].set()
            await first
            # The second has been called and has not come in yet.
            second.cancel()
        elif when == "inside":
            first.cancel()
            second.cancel()
        else:
            second.cancel()
            visits.ends["a"].set()
        await settle()
        assert visits.inside == {"c"}
        visits.ends["c"].set()
        await third

    run(scene)


def test_who_fails_passes_the_turn_on():
    async def scene(visits):
        with pytest.raises(ZeroDivisionError):
            async with visits.turns.turn():
                _ = 1 / 0
        visits.send("b")
        await settle()
        assert visits.inside == {"b"}

    run(scene)
