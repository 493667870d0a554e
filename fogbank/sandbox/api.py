"""The sandbox's contract, in prose and types.

An *environment* is one isolated process tree made for one `FunctionConfig`. It goes through *init* (runtime start and
the function's module code), then serves one invocation at a time, is frozen between invocations, and ends when it is
idle too long, retired, crashed, out of memory or timed out.

`Pool.invoke` finds a ready environment of the same config or makes one, sends the payload, and returns what came back.
It never raises for anything the function did: a crash, timeout, kill or bad handler is an `InvocationResult` with
`error_type` and the payload AWS would give. It raises `RuntimeUnavailable` or `PoolExhausted` for what is fogbank's side.

The caller being cancelled (a client that hung up) does not stop the function, as in AWS: the environment runs on to its
end and the log lines still arrive; only the reply is dropped.

Lines a function prints reach `Invocation.log` as they are written, in order, every one that was written before the
handler returned *before* `invoke` returns. Lines written during init reach the log of the invocation that caused it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from socket import socket
from typing import Protocol

from fogbank.core.records import hot_record


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """Everything an environment is made from. Immutable: a change of code or configuration makes a new one."""

    key: str  # unique for this function version and revision; environments are shared by equal keys only
    account: str
    region: str
    name: str
    version: str  # "$LATEST" or "1", "2", …
    runtime: str  # "python3.12", "nodejs20.x", "provided.al2023", …
    handler: str
    code: Path  # unpacked package, mounted read-only at /var/task
    layers: tuple[
        Path, ...
    ]  # unpacked, first to last; merged read-only at /opt, later ones over earlier ones
    environment: Mapping[str, str] = field(repr=False)  # the user's variables, decrypted: never logged
    memory_mb: int
    timeout_ms: int
    tmp_mb: int  # size of /tmp
    role_arn: str
    log_group: str
    log_format: str = "Text"  # or "JSON"
    application_log_level: str | None = None
    tracing: bool = False
    architecture: str = "x86_64"
    initialization: str = "on-demand"  # or "provisioned-concurrency": AWS_LAMBDA_INITIALIZATION_TYPE


class ResponseSink(Protocol):
    """Where a response goes while it is being written (`response_stream.ResponseStream`)."""

    def begin(self, content_type: str) -> None:
        """The function has begun to answer. Called once at most, before any `feed`; not for a response that comes whole."""

    def feed(self, data: bytes, resume: Callable[[], None]) -> bool:
        """A piece of the response. False: the function must wait with more until `resume` is called."""


class LogSink(Protocol):
    """Where the lines of one invocation go."""

    def line(self, time_ms: int, text: str) -> None:
        """One event without its final newline (a runtime that frames its logs may give several lines in one)."""

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None:
        """A new environment starts its init for this invocation, writing to log stream `stream`."""

    def started(self, time_ms: int, stream: str) -> None:
        """The handler is about to run, in the environment that writes to log stream `stream`."""


@hot_record
class Invocation:
    """One invocation to run."""

    request_id: str
    payload: bytes
    function_arn: str  # the ARN as invoked, with its qualifier
    log: LogSink
    client_context: str | None = None  # decoded JSON text
    cognito_identity: str | None = None
    trace_id: str | None = None
    #: Called once when the function is done or could not be run, before `invoke` returns, and also when its caller is gone.
    ended: Callable[[InvocationResult | Exception], None] | None = None
    #: Takes what a streaming function writes as it comes. Without it such a response is gathered, and is the payload.
    stream: ResponseSink | None = None
    #: Nobody waits for this very answer: no core is kept awake for it.
    patient: bool = False


class Status(Enum):
    """How an invocation ended."""

    SUCCESS = "success"
    ERROR = "error"  # the handler raised, or init failed
    TIMEOUT = "timeout"
    CRASHED = "crashed"  # the process exited or was killed
    OUT_OF_MEMORY = "out_of_memory"


@hot_record
class InvocationResult:
    """What an invocation gave."""

    status: Status
    payload: bytes  # the response, or the error document {"errorMessage", "errorType", …}
    error_type: str | None  # "Runtime.ExitError", "ValueError", "Sandbox.Timedout", …; None on success
    stream: str  # log stream of the environment: 2026/01/31/[$LATEST]0123…
    duration_ms: float
    max_memory_mb: int
    init_duration_ms: float | None = None  # only when this invocation caused the init
    init_error: bool = False
    init_timed_out: bool = False  # the first init ran out of its 10 s and was repeated inside the invocation
    streamed_bytes: int = (
        0  # that went to `Invocation.stream`, before the payload: an error's document, else nothing
    )


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of the function's role, put into its environment variables."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)


class FunctionNetwork(Enum):
    """What a function can reach beside the platform."""

    HOST = "host"  # the host's network, as on a developer's laptop
    NONE = "none"  # only the platform endpoint and the Runtime API
    OUTBOUND = "outbound"  # none, plus user-mode NAT by slirp4netns


@dataclass(frozen=True, slots=True)
class Bind:
    """A host folder mounted into every environment (`--bind HOST[:INSIDE[:ro]]`)."""

    host: Path
    inside: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How this machine runs functions."""

    work_dir: Path  # roots, sockets; private to fogbank, removed at start
    network: FunctionNetwork = FunctionNetwork.HOST
    binds: tuple[Bind, ...] = ()
    idle_s: float = 600.0  # an environment idle this long ends
    environments_max: int = 2000
    isolation: str = (
        "auto"  # "auto": namespaces where the machine has them, else plain processes, said at start
    )
    zygote_idle_s: float = 600.0  # a zygote of a runtime nobody uses ends


class Platform(Protocol):
    """What the sandbox needs of the house above it; app.py joins the two."""

    async def credentials(self, config: FunctionConfig) -> Credentials:
        """Credentials of the function's role for a new environment."""

    def endpoint_url(self) -> str:
        """The `AWS_ENDPOINT_URL` of an environment that shares the host's network."""

    async def adopt(self, listener: socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        """Serve the platform endpoint on a listening socket opened inside an environment's network namespace.

        Returns the function that stops serving it."""


@dataclass(frozen=True, slots=True)
class RuntimeFound:
    """One runtime this machine can run, for `fogbank doctor`."""

    runtime: str  # "python3.12"
    executable: str
    version: str  # "3.12.1"


class Pool(Protocol):
    """The environments of one node."""

    async def open(self) -> None:
        """Find runtimes, probe isolation, warm a zygote in the background; returns quickly."""

    async def close(self) -> None:
        """End every environment and zygote; nothing is left running or mounted."""

    async def invoke(self, config: FunctionConfig, invocation: Invocation) -> InvocationResult: ...

    async def retire(self, key: str) -> None:
        """The config is gone (new code, new configuration, deleted): idle environments end now, busy ones after use."""

    async def warm(self, config: FunctionConfig) -> None:
        """Have the zygote of this config's runtime ready (called when a function is created)."""

    async def provision(self, config: FunctionConfig, count: int, log: Callable[[], LogSink]) -> None:
        """Have `count` environments of `config` initialised: kept however long they are idle, and made anew when they end,
        until `retire`. `log` makes the sink of an init's lines. Returns when all are ready; raises InitFailed when the
        function's own init failed."""

    def runtimes(self) -> list[RuntimeFound]: ...

    def isolation(self) -> dict[str, str]:
        """What is on and what is not, for `doctor` and the start-up line: {"namespaces": "yes", "cgroup": "v1 memory", …}."""

    def environments(self) -> list[dict[str, str]]:
        """A row for each environment, for `fogbank status`."""
