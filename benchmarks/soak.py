"""Half load for half an hour with `kill -9` every minute: nothing acknowledged is lost, memory stays flat.

    python benchmarks/soak.py --minutes 30 [--rate 60]

What is checked after every kill: every function, alias, IAM user and metric alarm that was acknowledged exists; every Event
invocation that was accepted is executed (at least once, by a file each execution appends to); every PutLogEvents
that was acknowledged can be read. The memory of the server tree is taken at the end of each round.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from common import RUNTIME, client_of, pack, server_pss_mib

from tests.support.serving import start

CODE = """
import os
def handler(event, context):
    fd = os.open("/sink/done", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(fd, b"%d\\n" % event["i"]); os.close(fd)
    return event
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Soak:
    """One server that is killed again and again, and writers that remember what was acknowledged."""

    def __init__(self, rate: float) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fogbank-soak-"))
        self.sink = self.folder / "sink"
        self.sink.mkdir()
        self.sink.chmod(0o777)
        self.port = free_port()
        self.rate = rate
        self.server: subprocess.Popen[str] | None = None
        self.up = threading.Event()
        self.ended = threading.Event()
        self.accepted: set[int] = set()  # Event invocations
        self.written: dict[str, float] = {}  # log events, with their time
        self.users: set[str] = set()
        self.functions: set[str] = set()
        self.sync_ok = 0
        self.refused = 0
        self.lock = threading.Lock()

    def client(self, service: str) -> Any:
        return client_of(f"http://127.0.0.1:{self.port}", service, read_timeout=20, connect_timeout=2)

    def start(self) -> float:
        began = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self.server, _ = start(
                self.folder / "data",
                "--bind",
                f"{self.sink}:/sink",
                port=self.port,
                stderr=log,
                own_session=True,
            )
        self.up.set()
        return time.perf_counter() - began

    def kill(self) -> None:
        assert self.server is not None
        self.up.clear()
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def prepare(self) -> None:
        self.code = pack("index.py", CODE)
        client = self.client("lambda")
        client.create_function(
            FunctionName="soak",
            Runtime=RUNTIME,
            Role="arn:aws:iam::000000000000:role/soak",
            Handler="index.handler",
            Code={"ZipFile": self.code},
        )
        client.get_waiter("function_active_v2").wait(FunctionName="soak", WaiterConfig={"Delay": 1})
        logs = self.client("logs")
        logs.create_log_group(logGroupName="soak")
        logs.create_log_stream(logGroupName="soak", logStreamName="s")

    def writer(self, number: int, act: Any) -> None:
        """Call `act` at this writer's share of the rate until the soak ends; what fails is not acknowledged."""
        count = 0
        while not self.ended.is_set():
            if not self.up.wait(1):
                continue
            try:
                act(number, count)
            except (ClientError, BotoCoreError, OSError):
                self.refused += 1
            count += 1
            self.ended.wait(random.expovariate(self.rate / 6))

    def act_event(self, number: int, count: int) -> None:
        i = number * 1_000_000 + count
        self.client_of(number, "lambda").invoke(
            FunctionName="soak", InvocationType="Event", Payload=json.dumps({"i": i})
        )
        with self.lock:
            self.accepted.add(i)

    def act_sync(self, number: int, count: int) -> None:
        answer = self.client_of(number, "lambda").invoke(
            FunctionName="soak", Payload=json.dumps({"i": -1 - count})
        )
        if json.loads(answer["Payload"].read()) == {"i": -1 - count}:
            self.sync_ok += 1

    def act_logs(self, number: int, count: int) -> None:
        message = f"w{number}-{count}"
        when = time.time()
        events = [{"timestamp": int(when * 1000), "message": message}]
        self.client_of(number, "logs").put_log_events(
            logGroupName="soak", logStreamName="s", logEvents=events
        )
        with self.lock:
            self.written[message] = when

    def act_users(self, number: int, count: int) -> None:
        name = f"u{number}-{count}"
        self.client_of(number, "iam").create_user(UserName=name)
        with self.lock:
            self.users.add(name)
        if count % 20 == 0:
            name = f"f{number}-{count}"
            self.client_of(number, "lambda").create_function(
                FunctionName=name, Runtime=RUNTIME, Role="arn:aws:iam::000000000000:role/soak",
                Handler="index.handler", Code={"ZipFile": self.code},
            )  # fmt: skip
            with self.lock:
                self.functions.add(name)

    def client_of(self, number: int, service: str) -> Any:
        local = self.__dict__.setdefault("_clients", {})
        if (number, service) not in local:
            local[number, service] = self.client(service)
        return local[number, service]

    def lost(self, since: float) -> list[str]:
        """What was acknowledged and is not there: of log events, those written since that time (0: all)."""
        iam, functions, logs = self.client("iam"), self.client("lambda"), self.client("logs")
        with self.lock:
            users, made, written = set(self.users), set(self.functions), dict(self.written)
        there = {
            u["UserName"]
            for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000})
            for u in page["Users"]
        }
        problems = [f"user {name}" for name in users - there]
        there = {
            f["FunctionName"]
            for page in functions.get_paginator("list_functions").paginate()
            for f in page["Functions"]
        }
        problems += [f"function {name}" for name in made - there]
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="soak", startTime=int(since * 1000)
        )
        there = {event["message"] for page in pages for event in page["events"]}
        expected = {message for message, when in written.items() if when >= since}
        return problems + [f"log event {message}" for message in expected - there]

    def executed(self) -> set[int]:
        path = self.sink / "done"
        return {int(line) for line in path.read_bytes().split(b"\n") if line} if path.exists() else set()


def run(minutes: float, rate: float, every_s: float) -> int:
    soak = Soak(rate)
    print(f"soak of {minutes:g} min at {rate:g}/s, kill -9 every {every_s:g} s, in {soak.folder}")
    print(f"started in {soak.start():.2f} s")
    soak.prepare()
    acts = [soak.act_event, soak.act_event, soak.act_sync, soak.act_sync, soak.act_logs, soak.act_users]
    writers = [threading.Thread(target=soak.writer, args=(n, act), daemon=True) for n, act in enumerate(acts)]
    for thread in writers:
        thread.start()
    end, round_, memory, problems, checked = time.monotonic() + minutes * 60, 0, [], [], 0.0
    while time.monotonic() < end and not problems:
        time.sleep(every_s * random.uniform(0.7, 1.0))
        assert soak.server is not None
        memory.append(server_pss_mib(soak.server.pid, f"http://127.0.0.1:{soak.port}"))
        soak.kill()
        restart_s = soak.start()
        problems = soak.lost(checked)
        checked = time.time() - 5
        round_ += 1
        print(
            f"round {round_:3} restart {restart_s:.2f} s  before kill {memory[-1]:.0f} MiB  accepted {len(soak.accepted)}"
            f"  executed {len(soak.executed() & soak.accepted)}  sync {soak.sync_ok}  logs {len(soak.written)}  lost {len(problems)}",
            flush=True,
        )
    soak.ended.set()
    for thread in writers:
        thread.join(30)
    waited_until = time.monotonic() + 120
    while soak.accepted - soak.executed() and time.monotonic() < waited_until:
        time.sleep(0.2)
    problems += soak.lost(0)
    problems += [
        f"Event invocation {i} was accepted and never executed"
        for i in sorted(soak.accepted - soak.executed())
    ]
    assert soak.server is not None
    os.kill(soak.server.pid, signal.SIGTERM)
    status = soak.server.wait(30)
    print(
        f"accepted {len(soak.accepted)}, executed {len(soak.executed() & soak.accepted)}, unanswered {soak.refused}, kills {round_}"
    )
    print(
        f"memory before each kill: first {memory[0]:.0f}, last {memory[-1]:.0f}, most {max(memory):.0f} MiB; ended with status {status}"
    )
    for problem in problems[:20]:
        print(f"LOST: {problem}")
    return 1 if problems or status else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=150, help="operations per second over all writers")
    parser.add_argument("--kill-every", type=float, default=60, metavar="SECONDS")
    options = parser.parse_args()
    sys.exit(run(options.minutes, options.rate, options.kill_every))
