"""A fogbank in a process of its own, with functions in every state, for tests that kill it or change its user.

python node.py FOLDER NETWORK          prints a JSON line when everything runs, and waits for its stdin to end
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from fogbank.sandbox.api import FunctionNetwork
from tests.sandbox.harness import Lab

STUBBORN = """
    import ctypes, os, signal, subprocess, time
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    ctypes.CDLL(None).prctl(1, 0)
    subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
    def handler(event, context):
        if event:
            if os.fork() == 0:
                os.setsid()
            time.sleep(1000)
        return [os.getuid(), os.listdir("/tmp")]
"""


FORGETFUL = """
    import os, time
    def handler(event, context):
        open("/tmp/kept", "a").close()
        time.sleep(event)
        return os.listdir("/tmp")
"""


async def main(folder: Path, network: FunctionNetwork) -> None:
    async with Lab(folder, network=network) as lab:
        config = lab.function(STUBBORN)
        reply = await lab.invoke(config)
        await lab.until(lambda: lab.states() == ["frozen"])
        slow = lab.function(FORGETFUL, timeout_ms=400)
        timed_out = await lab.invoke(slow, 60)
        kept = (await lab.invoke(slow, 0)).payload
        await lab.pool.retire(slow.key)
        await lab.until(lambda: lab.states() == ["frozen"])
        busy = [asyncio.ensure_future(lab.run(STUBBORN, True)) for _ in range(2)]
        await lab.until(lambda: lab.states().count("busy") == 2)
        facts = {
            "isolation": lab.pool.isolation(),
            "pids": [row["pid"] for row in lab.pool.environments()],
            "payload": reply.payload,
            "timeout": [timed_out.result.error_type, kept],
            "error": reply.result.error_type,
            "cgroups": lab.pool._cgroups.folders(),
            "pid": os.getpid(),
        }
        print(json.dumps(facts), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in busy:
            task.cancel()


asyncio.run(main(Path(sys.argv[1]), FunctionNetwork(sys.argv[2])))
