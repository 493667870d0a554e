"""`--function-network outbound`: a way out of an environment's network namespace, by user-mode NAT.

One `slirp4netns` for each environment. It steps into the namespace once, makes a `tap0` there with an address and a default
route, steps out again and, under a filter of system calls (as root also without files and capabilities), opens ordinary
sockets of the host for what the function sends. It is told to reach no loopback address of the host; link-local addresses, where clouds hand out the credentials of
the machine, have no route inside the namespace (`guest/isolate.py`). What else the host reaches, the function reaches.

It ends with its environment, and by itself when fogbank is gone: it watches a pipe whose other end only fogbank holds.
Which namespace it joins is read off a socket that was opened there, so no process number can be mistaken for another.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable

from fogbank.core.errors import ConfigError, SandboxError
from fogbank.core.limits import OUTBOUND_MEMORY_BYTES_MAX, OUTBOUND_SOCKETS_MAX

log = logging.getLogger("fogbank.sandbox")

_PROGRAM = "slirp4netns"
_TUN = "/dev/net/tun"
_INTERFACE = "tap0"
_OPTIONS = (
    "--configure",
    "--mtu=65520",  # one packet for what the kernel would cut into 43: it never leaves this machine in that form
    "--disable-host-loopback",
    "--enable-seccomp",
)
_OPTIONS_ROOT = (
    "--enable-sandbox",
)  # no file but /etc and /run, no capability; it cannot be had in a user namespace
_OWN_DESCRIPTORS = 16  # of slirp4netns, beside one for each connection
_COMPLAINT_BYTES_MAX = 2048
_CLOSE_S = 5.0
_SIOCGSKNS = 0x894C  # the network namespace of a socket
_NS_GET_USERNS = 0xB701  # the user namespace that owns a namespace


def find_slirp(isolation: str) -> str:
    """The path of slirp4netns. Raises ConfigError naming what this machine lacks for `--function-network outbound`."""
    if isolation == "none":
        raise ConfigError(
            "--function-network outbound needs isolation: plain processes are on the host's network"
        )
    program = shutil.which(_PROGRAM)
    if program is None:
        raise ConfigError("--function-network outbound needs slirp4netns, which is not installed")
    try:
        os.close(os.open(_TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise ConfigError(f"--function-network outbound needs {_TUN}: {error.strerror}") from None
    return program


class Uplink:
    """The slirp4netns of one environment."""

    __slots__ = (
        "_complaint",
        "_exit_end",
        "_loop",
        "_on_end",
        "_pidfd",
        "_process",
        "_ready",
        "_ready_end",
        "gone",
        "works",
    )

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        exit_end: int,
        ready_end: int,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[], None],
    ) -> None:
        self.works = False  # connected, and nobody has asked it to end
        self.gone: asyncio.Future[None] = loop.create_future()
        self._process = process
        self._exit_end = exit_end
        self._ready_end = ready_end
        self._loop = loop
        self._on_end = on_end
        self._ready: asyncio.Future[None] = loop.create_future()
        self._complaint = ""
        self._pidfd = os.pidfd_open(process.pid)
        loop.add_reader(self._pidfd, self._ended)
        loop.add_reader(ready_end, self._heard)

    async def ready(self) -> None:
        """Return when the namespace has its address and its routes. Raises SandboxError when it will never have them."""
        await self._ready
        if self._complaint:
            raise SandboxError(f"{_PROGRAM} could not connect it: {self._complaint}")

    def end(self) -> None:
        """Cut the environment off."""
        self.works = False
        if not self.gone.done():
            self._process.kill()  # not reaped yet: the number is still its own

    def _heard(self) -> None:
        """It is ready, or it has closed its end without a word: it failed."""
        if self._ready.done():
            return
        self._ready.set_result(None)
        self._loop.remove_reader(self._ready_end)
        self.works = bool(_read_now(self._ready_end, 1))
        os.close(self._ready_end)
        stderr = self._process.stderr
        assert stderr is not None
        if not self.works:
            said = _read_now(stderr.fileno(), _COMPLAINT_BYTES_MAX).decode("utf-8", "replace")
            self._complaint = " / ".join(said.splitlines()) or "it ended"
        stderr.close()  # what it says later fails, without harm: it was started with SIGPIPE ignored

    def _ended(self) -> None:
        self._heard()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        os.close(self._exit_end)
        status = self._process.wait()
        if self.works:
            log.warning("%s ended by itself, with status %s", _PROGRAM, status)
        self.gone.set_result(None)
        self._on_end()


class Outbound:
    """The uplinks of one node, by the number of their environment; as many as there are environments."""

    def __init__(self, program: str, loop: asyncio.AbstractEventLoop, lost: Callable[[int], None]) -> None:
        """`lost` is called with the number of an environment whose uplink worked and has ended by itself."""
        self._program = program
        self._loop = loop
        self._lost = lost
        self._uplinks: dict[int, Uplink] = {}

    def connect(self, number: int, inside: socket.socket) -> Uplink:
        """Start to connect the network namespace in which `inside` was opened. Raises OSError."""
        network, owner = _namespaces_of(inside)
        pipes: list[int] = []
        try:
            exit_read, exit_write = os.pipe()
            pipes += (exit_read, exit_write)
            ready_read, ready_write = os.pipe()
            pipes += (ready_read, ready_write)
            command = [self._program, *_OPTIONS, f"--exit-fd={exit_read}", f"--ready-fd={ready_write}"]
            passed = [network, exit_read, ready_write]
            if owner is None:
                command += _OPTIONS_ROOT
            else:
                command.append(f"--userns-path=/proc/self/fd/{owner}")
                passed.append(owner)
            command += ["--netns-type=path", f"/proc/self/fd/{network}", _INTERFACE]
            process = _spawn(command, passed)
            pipes = [exit_read, ready_write]
        finally:
            for fd in (network, *pipes, *(() if owner is None else (owner,))):
                os.close(fd)
        uplink = Uplink(process, exit_write, ready_read, self._loop, lambda: self._ended(number))
        self._uplinks[number] = uplink
        return uplink

    def disconnect(self, number: int) -> None:
        """Its environment has ended."""
        uplink = self._uplinks.get(number)
        if uplink is not None:
            uplink.end()

    def _ended(self, number: int) -> None:
        uplink = self._uplinks.pop(number)
        if uplink.works:
            self._lost(number)

    async def close(self) -> None:
        """End them all; returns when no process of them is left."""
        uplinks = list(self._uplinks.values())
        for uplink in uplinks:
            uplink.end()
        if uplinks:
            await asyncio.wait([uplink.gone for uplink in uplinks], timeout=_CLOSE_S)


def _namespaces_of(inside: socket.socket) -> tuple[int, int | None]:
    """Descriptors of the network namespace of a socket, and of the user namespace that owns it where that is not ours."""
    network = fcntl.ioctl(inside.fileno(), _SIOCGSKNS)
    try:
        owner = fcntl.ioctl(network, _NS_GET_USERNS)
    except OSError:
        os.close(network)
        raise
    if os.fstat(owner).st_ino != os.stat("/proc/self/ns/user").st_ino:
        return network, owner
    os.close(owner)
    return network, None


def _read_now(fd: int, bytes_max: int) -> bytes:
    """What is there to be read, without waiting for more."""
    os.set_blocking(fd, False)
    try:
        return os.read(fd, bytes_max)
    except BlockingIOError:
        return b""


def _spawn(command: list[str], passed: list[int]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=passed,
        cwd="/",
        restore_signals=False,  # or SIGPIPE would end it when nobody listens to what it says
    )
    # Connections and their buffers come later than this: nobody is connected yet.
    for limit, most in (
        (resource.RLIMIT_NOFILE, OUTBOUND_SOCKETS_MAX + _OWN_DESCRIPTORS),
        (resource.RLIMIT_DATA, OUTBOUND_MEMORY_BYTES_MAX),
    ):
        try:
            resource.prlimit(process.pid, limit, (most, most))
        except OSError:
            with process:
                process.kill()
            raise
    return process
