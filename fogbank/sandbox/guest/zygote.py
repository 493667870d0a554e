"""The process that every environment of one runtime is forked from.

It speaks with the node over one socket: `fork` requests in (one message, with the environment's descriptors attached),
`exited` reports out. It runs no code of any function: the child leaves this loop at once and never comes back.
When the socket closes, the node is gone: it ends everything, removes its cgroups, and exits.
"""

import collections
import json
import os
import selectors
import signal
import socket
import struct
import sys

from . import wire

_LENGTH = struct.Struct("!I")
_FDS_MAX = 4
_MESSAGE_BYTES_MAX = 1 << 22


class Gone(Exception):
    """The node closed the control socket: it died."""


class Dismissed(Exception):
    """The node asked us to end; it lives on."""


def read_message(control):
    """One message and the descriptors that came with it."""
    head, ancillary, _flags, _address = control.recvmsg(4, socket.CMSG_SPACE(_FDS_MAX * 4))
    fds = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.extend(struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4]))
    head += _exactly(control, 4 - len(head)) if head else b""
    if not head:
        raise Gone
    return json.loads(_exactly(control, _LENGTH.unpack(head)[0])), fds


def _exactly(control, count):
    data = b""
    while len(data) < count:
        piece = control.recv(count - len(data))
        if not piece:
            raise Gone
        data += piece
    return data


# walled: namespaces and a root of our own; root: the host's path of that tree; proc_fd: the host's /proc;
# program: the seccomp filter; client_class, always: what preload() gave.
Setting = collections.namedtuple("Setting", "walled root proc_fd user_namespace program client_class always")


class Zygote:
    """The loop, and the environments it has forked."""

    def __init__(self, control, setting):
        self._control = control
        self._walled = setting.walled
        self._children = {}  # pid: (id, [cgroup folder])
        self._own_pids = None
        if self._walled:
            self._own_pids = os.open("proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def serve(self):
        """Serve until the node is gone. Returns in a forked child only, with what to run."""
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector = selectors.DefaultSelector()
        selector.register(self._control, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        self._tell({"ready": sys.version.split()[0]})
        while True:
            for key, _events in selector.select():
                if key.fileobj is wake:
                    wake.recv(4096)
                    self._reap()
                else:
                    request, fds = read_message(self._control)
                    run = self._handle(request, fds)
                    if run is not None:
                        return run

    def _handle(self, request, fds):
        operation = request["op"]
        if operation == "fork":
            return self._fork(request, fds)
        if operation == "end":
            raise Dismissed
        pid = next((pid for pid, child in self._children.items() if child[0] == request["id"]), None)
        if pid is not None:
            numbers = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "go": signal.SIGCONT}
            _signal(pid, numbers[operation], group=operation != "kill")
        return None

    def _fork(self, request, fds):
        number = request["id"]
        try:
            pid = self._new_process()
        except OSError as error:
            self._tell({"unforked": number, "reason": f"fork: {error.strerror}"})
            pid = None
        if pid == 0:
            return request, fds
        for fd in fds:
            os.close(fd)
        if pid is not None:
            self._children[pid] = (number, [group["dir"] for group in request["cgroups"]])
        return None

    def _new_process(self):
        """Fork; the child is process 1 of a process namespace of its own."""
        if not self._walled:
            return os.fork()
        from . import linux

        linux.unshare(linux.CLONE_NEWPID)
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid != 0:
            linux.setns(self._own_pids, linux.CLONE_NEWPID)
        if pid < 0:
            raise BlockingIOError(11, "no room for another process")
        return pid

    def _reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is None:
                continue  # an orphan of an environment without a process namespace
            if not self._walled:
                _signal(pid, signal.SIGKILL, group=True)
            report = {"exited": child[0], "max_rss_kb": usage.ru_maxrss}
            report["signal" if os.WIFSIGNALED(status) else "code"] = (
                os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            )
            report["oom"] = _out_of_memory(self._folder, child[1])
            self._remove(child[1])
            self._tell(report)

    def _folder(self, path):
        return path.lstrip("/") if self._walled else path

    def _remove(self, folders):
        for folder in folders:
            try:
                os.rmdir(self._folder(folder))
            except OSError:
                pass  # still emptying: the node removes what is left when it opens and closes

    def _tell(self, message):
        data = json.dumps(message).encode()
        try:
            self._control.sendall(_LENGTH.pack(len(data)) + data)
        except OSError:
            raise Gone from None

    def end_all(self, parents=()):
        """Leave nothing behind: no process, no cgroup of theirs, nor the `parents` when the node has died."""
        for pid in list(self._children):
            _signal(pid, signal.SIGKILL)
            if not self._walled:
                _signal(pid, signal.SIGKILL, group=True)
        for pid, (_number, folders) in list(self._children.items()):
            try:
                os.waitpid(pid, 0)
            except OSError:
                pass
            self._remove(folders)
        self._remove(parents)


def _signal(pid, number, group=False):
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except OSError:
        pass


def _out_of_memory(folder_of, folders):
    """Whether the kernel killed a process of these cgroups for memory (cgroup v1 and v2 word it alike)."""
    for folder in folders:
        for name in ("memory.oom_control", "memory.events"):
            try:
                with open(os.path.join(folder_of(folder), name)) as file:
                    fields = dict(line.split() for line in file)
            except (OSError, ValueError):
                continue
            if int(fields.get("oom_kill", 0)) > 0:
                return True
    return False


def run_environment(request, fds, setting):
    """In the forked child: wall in, become the function's process, run it."""
    from . import execute, isolate

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    walled = setting.walled
    channel_socket = socket.socket(fileno=fds[0])
    try:
        # The node knows processes by the host's numbers; ours is 1.
        host_pid = os.readlink("proc/self") if walled else str(os.getpid())
        os.setsid()
        _standard_streams("dev/null" if walled else os.devnull, fds[1])
        isolate.close_others({fds[0], setting.proc_fd}, "proc/self/fd" if walled else "/dev/fd")
        if walled:
            listeners = isolate.wall_in(request, setting)
        else:
            listeners = isolate.fence_in(request, setting)
    except Exception as error:
        _broken(channel_socket, error)
    variables = request["variables"]
    os.environ.clear()
    os.environ.update(variables)
    channel = _begin(channel_socket, listeners, host_pid)
    if request["program"]:
        execute.execute(channel_socket, request["program"], variables)
    import time

    from . import preload, runtime

    time.tzset()
    preload.forget()
    path = request["python_path"]
    preload.give_way(path[: request["own_folders"]], setting.always)
    sys.path[:] = path
    sys.argv[:] = request["python_argv"]
    runtime.run(channel, setting.client_class, request["handler"])


def _standard_streams(null, output):
    fd = os.open(null, os.O_RDONLY)
    os.dup2(fd, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _begin(channel_socket, listeners, host_pid):
    body = host_pid.encode()
    frame = wire.FRAME_HEAD.pack(wire.BEGIN, len(body)) + body
    fds = [listener.fileno() for listener in listeners]
    rights = struct.pack(f"{len(fds)}i", *fds)
    channel_socket.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if fds else [])
    for listener in listeners:
        listener.close()
    return wire.Channel(channel_socket)


def _broken(channel_socket, error):
    reason = f"{type(error).__name__}: {error}"
    wire.Channel(channel_socket).send(wire.BROKEN, reason.encode())
    os._exit(70)


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    zygote = None
    try:
        spec, _fds = read_message(control)
        setting = prepare(spec)
        zygote = Zygote(control, setting)
        run = zygote.serve()
    except Dismissed:
        zygote.end_all()
        os._exit(0)
    except Gone:
        if zygote is not None:
            zygote.end_all(spec["cgroups"])
        os._exit(0)
    control.close()
    del zygote
    run_environment(run[0], run[1], setting)


def prepare(spec):
    """Import what environments share, and gather what they need of us."""
    client_class, always = None, frozenset()
    if spec["walled"]:
        from . import linux

        linux.prctl(linux.PR_SET_DUMPABLE, 0)
    if not spec["python"]:
        import gc

        from . import execute, isolate  # noqa: F401

        gc.freeze()
    else:
        from . import preload

        sys.path[:] = spec["python_path"]
        sys.pycache_prefix = spec["pycache"]
        client_class, always = preload.preload()
        sys.pycache_prefix = None
        if spec["walled"] and spec["pycache"]:
            linux.umount(spec["pycache"])
        preload.settle()
    proc_fd = os.open("proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if spec["walled"] else -1
    return Setting(
        spec["walled"],
        spec["root"],
        proc_fd,
        spec["user_namespace"],
        bytes.fromhex(spec["seccomp"]),
        client_class,
        always,
    )
