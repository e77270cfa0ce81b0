"""Kills the stack's containers at random, one after the other, and starts each again."""

from __future__ import annotations

import asyncio
import random
import time
from typing import NamedTuple

from course_helpers.core.settings import GRAPH
from course_helpers.server.probe import missing_graphs
from course_helpers.stack.compose import API, POSTGRES, REDIS, services, stack_url
from tests.conformance.support import until
from tests.docker.helpers import container_id, docker

SERVICES = (API, POSTGRES, REDIS)
BETWEEN = (2.0, 5.0)  # seconds from a stack that is ready again to the next kill
DOWN = (0.5, 2.0)  # seconds from a kill to the start of the same container
BACK = 90.0  # seconds within which the stack must be ready again


class Kill(NamedTuple):
    """A container that was killed: its service, and when it was dead."""

    service: str
    at: float


async def kill_at_random(seconds: float, seed: int) -> list[Kill]:
    """Kill every service once, in any order, and so on, until the time is over.

    Args:
        seconds: how long; longer, if not every service has been killed by then.
        seed: of the order, of the pauses, and of how long a service is left dead.
    """
    rng, end = random.Random(seed), time.monotonic() + seconds
    kills: list[Kill] = []
    while True:
        for service in rng.sample(SERVICES, len(SERVICES)):
            if len(kills) >= len(SERVICES) and time.monotonic() > end:
                return kills
            await asyncio.sleep(rng.uniform(*BETWEEN))
            kills.append(await kill(service, rng.uniform(*DOWN)))


async def kill(service: str, down: float) -> Kill:
    """Kill a service's container, start it again, and wait until the stack is ready.

    Docker's restart policy does not bring back what `docker kill` has ended.

    Args:
        service: which.
        down: seconds in between.
    """
    container = await asyncio.to_thread(container_id, service)
    await asyncio.to_thread(docker, "kill", container)
    done = Kill(service, time.time())
    await asyncio.sleep(down)
    await asyncio.to_thread(docker, "start", container)
    await until(lambda: asyncio.to_thread(whole), within=BACK)
    return done


def whole() -> bool:
    """Return whether the databases are healthy, and the server answers with its graph."""
    databases = [service.ready for service in services() if service.name != API]
    return databases == [True, True] and missing_graphs(stack_url(), [GRAPH]) == []
