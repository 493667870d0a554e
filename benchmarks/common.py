"""What the benchmarks share: servers in processes, load generators, timing, references, and how figures are printed.

Every figure stands beside a reference taken in the same run on the same machine, so that ratios can be compared from
one machine to another where absolutes cannot.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import io
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks build on what the tests build on

from tests.support.serving import start  # noqa: E402

RUNTIME = f"python3.{sys.version_info[1]}"
REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"


@dataclass(frozen=True, slots=True)
class Load:
    """What a load run gave. Latencies in ms."""

    per_s: float
    p50_ms: float
    p99_ms: float
    count: int
    errors: int


def load_of(latencies_s: list[float], done: int, took_s: float, errors: int = 0) -> Load:
    """`done` may differ from the number of calls: one call may do many things, or none."""
    ordered = sorted(latencies_s)
    p99_s = ordered[int(0.99 * (len(ordered) - 1))]
    return Load(done / took_s, statistics.median(ordered) * 1000, p99_s * 1000, len(ordered), errors)


class Running:
    """`fogbank start` in a process of its own."""

    def __init__(self, *options: str, data_dir: str | None = None) -> None:
        self.folder = data_dir or tempfile.mkdtemp(prefix="fogbank-bench-")
        began = time.perf_counter()
        self.process, self.url = start(f"{self.folder}/data", *options, stderr=subprocess.DEVNULL)
        self.start_s = time.perf_counter() - began
        self.host, port = self.url.removeprefix("http://").split(":")
        self.port = int(port)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def client(self, service: str) -> Any:
        return client_of(self.url, service)

    def request(
        self, service: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        """A raw HTTP/1.1 request, SigV4-signed as an SDK would."""
        return sign(f"{self.host}:{self.port}", service, method, path, body, headers or {})

    def function(self, name: str, code: str, **more: Any) -> str:
        """Create a function and wait until it is active; its ARN."""
        client = self.client("lambda")
        settings = {"Runtime": RUNTIME, "Handler": "index.handler", "Timeout": 60, "MemorySize": 256} | more
        arn = client.create_function(
            FunctionName=name, Role=ROLE, Code={"ZipFile": pack("index.py", code)}, **settings
        )["FunctionArn"]
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return str(arn)

    def pss_mib(self) -> float:
        """Proportional memory of the server and everything below it."""
        return server_pss_mib(self.process.pid, self.url)


def client_of(url: str, service: str, **timeouts: float) -> Any:
    """A boto3 client without retries and without checks of its own."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="bench",
        config=Config(retries={"max_attempts": 1}, parameter_validation=False, **timeouts),
    )


def pack(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, text)
    return content.getvalue()


def sign(host: str, service: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    fields = {"host": host, "x-amz-date": now, **headers}
    names = ";".join(sorted(fields))
    canonical = "\n".join(
        [
            method,
            path,
            "",
            *(f"{k}:{fields[k]}" for k in sorted(fields)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
    key = b"AWS4bench"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    fields["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    fields["content-length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


# --- load ------------------------------------------------------------------------------------------------------------


class _Client(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last is whole."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._data = b""
        self._wanted = -1

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = self._run.next_request()
        if request is None:
            self._transport.close()
            self._run.ended()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        if self._wanted < 0:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            self._wanted = (
                end + 4 + (int(head[at + 15 : (head + b"\r\n").find(b"\r\n", at)]) if at >= 0 else 0)
            )
        if len(self._data) >= self._wanted:
            ok = self._data[9:10] == b"2" and self._run.expect in self._data
            self._run.answered(time.perf_counter() - self._began, ok, self._data)
            self._data, self._wanted = b"", -1
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._run.ended()


class _Run:
    def __init__(
        self, requests: list[bytes], connections: int, seconds: float, limit: int, expect: bytes
    ) -> None:
        self.requests, self.limit, self.expect = requests, limit, expect
        self.latencies: list[float] = []
        self.errors = 0
        self.sample = b""
        self._sent = 0
        self._open = connections
        self._end = time.perf_counter() + seconds
        self.done = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes | None:
        if time.perf_counter() > self._end or (self.limit and self._sent >= self.limit):
            return None
        self._sent += 1
        return self.requests[self._sent % len(self.requests)]

    def answered(self, took_s: float, ok: bool, answer: bytes) -> None:
        if ok:
            self.latencies.append(took_s)
        else:
            self.errors += 1
            self.sample = self.sample or answer[:400]

    def ended(self) -> None:
        self._open -= 1
        if self._open == 0 and not self.done.done():
            self.done.set_result(None)


def load(
    host: str,
    port: int,
    requests: list[bytes],
    connections: int,
    *,
    seconds: float = 3.0,
    limit: int = 0,
    expect: bytes = b"",
) -> Load:
    """Send the requests round and round over keep-alive connections; every answer is checked."""

    async def go() -> Load:
        run = _Run(requests, connections, seconds, limit, expect)
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        for _ in range(connections):
            await loop.create_connection(lambda: _Client(run), host, port)
        await run.done
        took_s = time.perf_counter() - began
        if run.errors:
            print(f"    {run.errors} errors, such as {run.sample!r}")
        if not run.latencies:
            raise SystemExit("not one good answer")
        return load_of(run.latencies, len(run.latencies), took_s, run.errors)

    return uvloop.run(go())


async def press(
    callers: int, work: Callable[[int, int], Awaitable[int]], *, seconds: float = 3600.0, limit: int = 0
) -> Load:
    """Callers in this process, each of which awaits `work(caller, round)` again and again; it says how much it did."""
    latencies: list[float] = []
    done = started = 0
    began = time.perf_counter()

    async def call(caller: int) -> None:
        nonlocal done, started
        round = 0
        while (start := time.perf_counter()) < began + seconds and not (limit and started >= limit):
            started += 1
            round += 1
            count = await work(caller, round)  # read before `done`, which others change meanwhile
            done += count
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(call(caller) for caller in range(callers)))
    return load_of(latencies, done, time.perf_counter() - began)


def per_call_us(work: Callable[[], object], seconds: float = 0.1, rounds: int = 7) -> float:
    """CPU time of one call: the best of some rounds of `seconds` each, what it takes when nothing disturbs it."""
    began, count = time.process_time(), 0
    while time.process_time() - began < seconds / 10:
        work()
        count += 1
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(count * 10):
            work()
        best = min(best, time.process_time() - began)
    return best / (count * 10) * 1e6


# --- references ------------------------------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Child:
    """A server in a process of its own; `serve` runs there and sets the shared port when it listens."""

    def __init__(self, serve: Callable[[Any], None]) -> None:
        port = multiprocessing.Value("i", 0)
        self.process = multiprocessing.Process(target=serve, args=(port,), daemon=True)
        self.process.start()
        while port.value == 0:
            time.sleep(0.005)
        self.port = int(port.value)
        self.pid = self.process.pid or 0

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()

    def per_core_s(self, request: bytes) -> float:
        """Requests for each second of CPU."""
        began = cpu_s(self.pid)
        served = load("127.0.0.1", self.port, [request], 50, seconds=3.0)
        return served.count / (cpu_s(self.pid) - began)


def echo(port: Any) -> None:
    """The least an HTTP server can do on this machine: uvloop and httptools, a constant answer."""
    import httptools

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            self.parser = httptools.HttpRequestParser(self)

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    uvloop.run(serve())


@contextlib.contextmanager
def echo_server() -> Iterator[int]:
    """The port of an `echo` in a process of its own."""
    with Child(echo) as child:
        yield child.port


def fsyncs_per_s(seconds: float = 1.0, folder: str | Path | None = None) -> float:
    """How often the disk under `folder` makes 4 KB durable."""
    with tempfile.NamedTemporaryFile(dir=folder or tempfile.gettempdir()) as file:
        end, count = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            os.write(file.fileno(), b"x" * 4096)
            os.fsync(file.fileno())
            count += 1
        return count / seconds


def spawn_ms(code: str, times: int = 7) -> float:
    """Median time of `python -c CODE`: what a function costs without a zygote or a sandbox."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def server_pss_mib(pid: int, url: str) -> float:
    """Proportional memory of a server, of all below it, and of its zygotes with their environments.

    A zygote is process 1 of a process namespace, whose maker has ended: it is known by its root, a folder of the server's.
    """
    with urllib.request.urlopen(f"{url}/_fogbank/status") as answer:
        roots = json.load(answer)["run_dir"]
    children: dict[int, list[int]] = {}
    todo = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
                if os.readlink(entry / "root").startswith(roots):
                    todo.append(int(entry.name))
    seen: set[int] = set()
    total_kb = 0
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        todo += children.get(one, [])
        total_kb += memory_kb(one, "Pss")
    return total_kb / 1024


def memory_kb(pid: int | str, kind: str) -> int:
    """Rss, Pss or Private_Dirty of one process; 0 when it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(kind + ":"):
                return int(line.split()[1])
    return 0


# --- printing --------------------------------------------------------------------------------------------------------


class Report:
    """Figures against targets; the process fails when one that counts is missed and --strict was said."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def figure(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        reference: float,
        of: str,
        target: float | None = None,
        target_ratio: float | None = None,
    ) -> None:
        """Print one figure as a ratio to its reference; the target is absolute or such a ratio.

        Units that end in /s are better when higher, others when lower.
        """
        if target_ratio is not None:
            target = target_ratio * reference
        higher = unit.endswith("/s")
        mark = ""
        if target is not None:
            good = value >= target if higher else value <= target
            mark = f"  target {'≥' if higher else '≤'} {target:,g} {'ok' if good else 'MISSED'}"
            if not good:
                self.missed.append(name)
        print(
            f"{name:52} {value:>12,.2f} {unit:10} {value / reference:>8.3f} of {of} ({reference:,.1f}){mark}",
            flush=True,
        )

    def end(self) -> int:
        return 1 if self.missed and "--strict" in sys.argv else 0


def median_of(times: int, measure: Callable[[int], float]) -> float:
    return statistics.median(measure(number) for number in range(times))
