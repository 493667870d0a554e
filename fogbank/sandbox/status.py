"""What a pool says of itself, for `fogbank doctor`, `fogbank status` and the line at start."""

from __future__ import annotations

import os
from collections.abc import Iterable

from fogbank.sandbox.api import FunctionNetwork
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.guest import landlock
from fogbank.sandbox.nursery import Nursery


def isolation(nursery: Nursery | None, cgroups: Cgroups, network: FunctionNetwork) -> dict[str, str]:
    """What is on and what is not, and why not. `nursery` is None before the pool is open."""
    if nursery is None or nursery.walled is None:
        walled = "not tried yet"
    else:
        walled = "yes" if nursery.walled else f"no: {nursery.why_plain}"
    reachable = network is FunctionNetwork.HOST and not landlock.supported()
    filters = nursery is not None and nursery.filters_calls
    return {
        "namespaces": walled,
        "user namespaces": "yes" if nursery is not None and nursery.user_namespaces else "no",
        "uid": "one for each environment" if os.geteuid() == 0 else "fogbank's own",
        "cgroup": cgroups.describe(),
        "abstract sockets": "no: needs Linux 6.12" if reachable else "out of reach",
        "seccomp": "yes" if filters else "no: no table of system calls for this machine",
        "network": network.value,
    }


def rows(environments: Iterable[Environment], now_s: float) -> list[dict[str, str]]:
    """One row for each environment; `now_s` is the clock's monotonic time."""
    return [
        {
            "id": str(one.number),
            "function": f"{one.config.name}:{one.config.version}",
            "account": one.config.account,
            "region": one.config.region,
            "runtime": one.config.runtime,
            "state": one.state.value,
            "pid": str(one.host_pid),
            "stream": one.stream,
            "age_s": f"{now_s - one.created_s:.0f}",
        }
        for one in environments
    ]
