"""Double-texting on two replicas over one database: they agree on the order of a thread's runs.

`make soak` repeats each flow twenty times.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from langgraph_sdk.errors import ConflictError

from tests.docker.replicas import connected, done, engine, other, replica

REPETITIONS = range(int(os.environ.get("SOAK", "1")))


@pytest.fixture(scope="module")
def urls(made_images: None) -> Iterator[tuple[str, str]]:
    with engine() as first, replica() as (second, _):
        yield first, second


@pytest.mark.parametrize("_repetition", REPETITIONS)
async def test_enqueue(urls: tuple[str, str], _repetition: int) -> None:
    async with connected(*urls) as (first, second):
        held = await first.hold(await first.thread())
        servers = [second, first, second]
        runs = [await other(s, held.thread_id, n) for s, n in zip(servers, "abc", strict=True)]
        await held.release()
        for run_id in runs:
            assert await second.ended(held.thread_id, run_id) == "success"
        log = await first.log(held.thread_id)
        assert log == [*done("first"), *done("a"), *done("b"), *done("c")]


@pytest.mark.parametrize("_repetition", REPETITIONS)
async def test_reject(urls: tuple[str, str], _repetition: int) -> None:
    async with connected(*urls) as (first, second):
        held = await first.hold(await first.thread())
        with pytest.raises(ConflictError):
            await other(second, held.thread_id, "second", multitask_strategy="reject")
        assert await held.release() == "success"
        assert await second.log(held.thread_id) == done("first")


@pytest.mark.parametrize("_repetition", REPETITIONS)
async def test_interrupt(urls: tuple[str, str], _repetition: int) -> None:
    async with connected(*urls) as (first, second):
        held = await first.hold(await first.thread())
        run_id = await other(second, held.thread_id, "second", multitask_strategy="interrupt")
        assert await second.ended(held.thread_id, run_id) == "success"
        assert await first.status(held.thread_id, held.run_id) == "interrupted"
        assert await first.log(held.thread_id) == ["first before", *done("second")]


@pytest.mark.parametrize("_repetition", REPETITIONS)
async def test_rollback(urls: tuple[str, str], _repetition: int) -> None:
    async with connected(*urls) as (first, second):
        held = await first.hold(await first.thread())
        run_id = await other(second, held.thread_id, "second", multitask_strategy="rollback")
        assert await second.ended(held.thread_id, run_id) == "success"
        assert await first.status(held.thread_id, held.run_id) == "gone"
        assert await first.log(held.thread_id) == done("second")


@pytest.mark.parametrize("_repetition", REPETITIONS)
async def test_many_at_once_keep_their_order(urls: tuple[str, str], _repetition: int) -> None:
    async with connected(*urls) as servers:
        thread_id = await servers[0].thread()
        runs = await asyncio.gather(
            *(other(servers[n % 2], thread_id, f"run {n}") for n in range(10))
        )
        for run_id in runs:
            assert await servers[0].ended(thread_id, run_id) == "success"
        made = [run["run_id"] for run in reversed(await servers[1].client.runs.list(thread_id))]
        names = [f"run {runs.index(run_id)}" for run_id in made]
        log = await servers[1].log(thread_id)
        assert log == [entry for name in names for entry in done(name)]
