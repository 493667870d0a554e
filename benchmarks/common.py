"""What the benchmarks share: a server in a process, a load generator, references, and how figures are printed.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

FOGBANK = str(Path(sys.executable).with_name("fogbank"))
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


class Running:
    """`fogbank start` in a process of its own."""

    def __init__(self, *options: str, data_dir: str | None = None) -> None:
        self.folder = data_dir or tempfile.mkdtemp(prefix="fogbank-bench-")
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [FOGBANK, "start", "--port", "0", "--data-dir", f"{self.folder}/data", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "answers at " in line:
                self.url = line.rsplit(" ", 1)[1].strip()
                break
        else:
            raise SystemExit("fogbank did not start")
        self.start_s = time.perf_counter() - began
        self.host, port = self.url.removeprefix("http://").split(":")
        self.port = int(port)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="bench",
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
        )

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
        ordered = sorted(run.latencies)
        return Load(
            len(ordered) / took_s,
            statistics.median(ordered) * 1000,
            ordered[int(0.99 * (len(ordered) - 1))] * 1000,
            len(ordered),
            run.errors,
        )

    return uvloop.run(go())


# --- references ------------------------------------------------------------------------------------------------------


def _echo(port: Any) -> None:
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
    """The least an HTTP server can do on this machine: uvloop and httptools, a constant answer."""
    port = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=_echo, args=(port,), daemon=True)
    process.start()
    while port.value == 0:
        time.sleep(0.005)
    try:
        yield port.value
    finally:
        process.terminate()
        process.join()


def fsyncs_per_s(seconds: float = 1.0) -> float:
    """How often this disk makes 4 KB durable."""
    with tempfile.NamedTemporaryFile(dir=tempfile.gettempdir()) as file:
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
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            total_kb += next((int(x.split()[1]) for x in rollup.splitlines() if x.startswith("Pss:")), 0)
    return total_kb / 1024


# --- printing --------------------------------------------------------------------------------------------------------


class Report:
    """Figures against targets; the process fails when one that counts is missed and --strict was said."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def figure(
        self, name: str, value: float, unit: str, *, reference: float, of: str, target: float | None = None
    ) -> None:
        """Print one figure as a ratio to its reference. Units that end in /s are better when higher, others when lower."""
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
