"""Makes environments: from a job that needs one to the process that starts its init."""

from __future__ import annotations

import asyncio
from typing import Protocol

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.core.limits import INIT_PHASE_S
from fogbank.sandbox.channel import SCRATCH_BYTES
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.environment_owner import Owner
from fogbank.sandbox.estates import Estates
from fogbank.sandbox.job import Job
from fogbank.sandbox.nursery import Nursery
from fogbank.sandbox.runtimes import Runtimes
from fogbank.sandbox.starter import Starter


class Hand(Owner, Protocol):
    """Who the environments belong to."""

    def making(self, environment: Environment) -> None:
        """Its process has been asked for, and runs on its own time from now on."""

    def abandon(self, environment: Environment, error: Exception) -> None:
        """It never came to be."""


class Maker:
    """See the module."""

    def __init__(
        self,
        starter: Starter,
        runtimes: Runtimes,
        nursery: Nursery,
        estates: Estates,
        clock: Clock,
        lanes: Lanes,
        loop: asyncio.AbstractEventLoop,
        hand: Hand,
    ) -> None:
        self._starter = starter
        self._runtimes = runtimes
        self._nursery = nursery
        self._estates = estates
        self._clock = clock
        self._lanes = lanes
        self._loop = loop
        self._hand = hand
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._serial = 0

    def begin(self, job: Job) -> Environment:
        """Start to make an environment for `job`; what comes of it, its owner hears later."""
        self._serial += 1
        stream = self._starter.stream_name(job.config)
        environment = Environment(
            self._serial, job, stream, self._hand, self._loop, self._clock, self._scratch
        )
        self._lanes.spawn(f"sandbox start {job.config.name}", self._start(environment, job))
        return environment

    async def _start(self, environment: Environment, job: Job) -> None:
        try:
            launch = self._runtimes.launch(job.config.runtime)
            zygote = await self._nursery.get(launch)
            now_ms = self._clock.now_ms()
            if job.attempt == 1:
                job.invocation.log.init_start(now_ms, launch.label, environment.stream)
            environment.created_s = self._clock.monotonic_s()
            if (estate := self._estates.take(job.config.key, zygote)) is not None:
                environment.heir_of, environment.uid = estate.number, estate.uid
            await self._starter.start(environment, launch, zygote)
        except Exception as error:  # noqa: BLE001 - a lane boundary: who waits must hear of it, whatever it is
            self._hand.abandon(environment, error)
            return
        if job.attempt == 1:
            environment.set_deadline(INIT_PHASE_S)
        else:
            job.started_s = self._clock.monotonic_s()
            environment.set_deadline(job.config.timeout_ms / 1000)
        self._hand.making(environment)
