"""The process that every environment of one runtime is forked from.

It speaks with the node over one socket: `fork` requests in (one message, with the environment's descriptors attached),
`exited` reports out. It runs no code of any function: the child leaves this loop at once and never comes back.
When the socket closes, the node is gone: it ends everything, removes its cgroups, and exits.

One child is kept in reserve: forked and in namespaces of its own already, it waits for the next request. That halves what
a new environment costs when they are wanted one by one; in a burst the rest are forked as they are asked for.
"""

import collections
import os
import selectors
import signal
import socket
import sys

from . import control as messages
from .child import run_environment
from .control import Gone

# walled: namespaces and a root of our own; root: the host's path of that tree; own_network: children get a network
# namespace; proc_fd: the host's /proc; program: the seccomp filter; client_class, always: what preload() gave.
Setting = collections.namedtuple(
    "Setting", "walled root own_network proc_fd user_namespace program client_class always"
)
# What a forked child has to do: a request with its descriptors, or a socket on which to wait for one.
Task = collections.namedtuple("Task", "request fds waiting")


class Dismissed(Exception):
    """The node asked us to end; it lives on."""


class Zygote:
    """The loop, and the environments it has forked."""

    def __init__(self, control, setting):
        self._control = control
        self._walled = setting.walled
        self._children = {}  # pid: (id, [cgroup folder])
        self._left = {}  # id of an ended environment: its mount namespace
        self._reserve = None  # (pid, socket) of the child that waits
        self._own_pids = None
        if self._walled:
            self._own_pids = os.open("proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def serve(self):
        """Serve until the node is gone. Returns in a forked child only, with its task."""
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector = selectors.DefaultSelector()
        selector.register(self._control, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        messages.write(self._control, {"ready": sys.version.split()[0]})
        while True:
            events = selector.select(None if self._reserve else 0)
            for key, _mask in events:
                if key.fileobj is wake:
                    wake.recv(4096)
                    self._reap()
                elif (task := self._handle(*messages.read(self._control))) is not None:
                    return task  # the child: not one step more in this loop
            if not events and (task := self._make_reserve()) is not None:
                return task

    def _handle(self, request, fds, data):
        operation = request["op"]
        if operation == "fork":
            return self._give(request, fds, data)
        if operation == "end":
            raise Dismissed
        if operation == "forget":
            self._let_go(request["id"])
            return None
        pid = next((pid for pid, child in self._children.items() if child[0] == request["id"]), None)
        if pid is not None:
            if operation == "kill" and request["leaving"]:
                self._hold_mounts(request["id"], request["leaving"])
            numbers = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "go": signal.SIGCONT}
            _signal(pid, numbers[operation], group=operation != "kill")
        return None

    def _hold_mounts(self, number, host_pid):
        """Keep the mount namespace of an environment that is about to be killed, for the next one of its function."""
        try:
            self._left[number] = os.open(f"proc/{host_pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass  # it ended by itself just now

    def _let_go(self, number):
        fd = self._left.pop(number, None)
        if fd is not None:
            os.close(fd)

    def _give(self, request, fds, data):
        """Give a request to a process: the one in reserve, or a new one."""
        inherited = self._left.pop(request["inherits"], None)
        if inherited is not None:
            fds = [*fds, inherited]
        pid = self._wake_reserve(data, fds)
        if pid is None:
            try:
                pid = self._new_process()
            except OSError as error:
                number = request["id"]
                messages.write(self._control, {"unforked": number, "reason": f"fork: {error.strerror}"})
        if pid == 0:
            return Task(request, fds, None)
        for fd in fds:
            os.close(fd)
        if pid is not None:
            self._children[pid] = (request["id"], [group["dir"] for group in request["cgroups"]])
        return None

    def _make_reserve(self):
        ours, theirs = socket.socketpair()
        try:
            pid = self._new_process()
        except OSError:
            self._reserve = (-1, None)  # no room for it: the next environment makes the next attempt
            return None
        if pid == 0:
            return Task(None, None, theirs)
        theirs.close()
        self._reserve = (pid, ours)
        return None

    def _wake_reserve(self, data, fds):
        """The pid of the child that took the request; None when there was none to take it."""
        reserve, self._reserve = self._reserve, None
        if reserve is None or reserve[1] is None:
            return None
        pid, waiting = reserve
        with waiting:
            try:
                messages.forward(waiting, data, fds)
            except OSError:
                return None  # it died
        return pid

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
            self._ended(pid, status, usage)

    def _ended(self, pid, status, usage):
        child = self._children.pop(pid, None)
        if child is None:  # the reserve, or an orphan of an environment without a process namespace
            if self._reserve is not None and self._reserve[0] == pid:
                self._reserve[1].close()
                self._reserve = None
            return
        if not self._walled:
            _signal(pid, signal.SIGKILL, group=True)
        number, folders = child
        report = {"exited": number, "max_rss_kb": usage.ru_maxrss}
        if os.WIFSIGNALED(status):
            report["signal"] = os.WTERMSIG(status)
        else:
            report["code"] = os.WEXITSTATUS(status)
        report["oom"] = _out_of_memory([self._folder(folder) for folder in folders])
        self._remove(folders)
        messages.write(self._control, report)

    def _folder(self, path):
        return path.lstrip("/") if self._walled else path

    def _remove(self, folders):
        for folder in folders:
            try:
                os.rmdir(self._folder(folder))
            except OSError:
                pass  # still emptying: the node removes what is left when it opens and closes

    def end_all(self, parents=()):
        """Leave nothing behind: no process, no cgroup of theirs, nor the `parents` when the node has died."""
        if self._reserve is not None and self._reserve[0] > 0:
            _signal(self._reserve[0], signal.SIGKILL)
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


def _out_of_memory(folders):
    """Whether the kernel killed a process of these cgroups for memory (cgroup v1 and v2 word it alike)."""
    for folder in folders:
        for name in ("memory.oom_control", "memory.events"):
            try:
                with open(os.path.join(folder, name)) as file:
                    fields = dict(line.split() for line in file)
            except (OSError, ValueError):
                continue
            if int(fields.get("oom_kill", 0)) > 0:
                return True
    return False


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    zygote = None
    try:
        spec, _fds, _data = messages.read(control)
        setting = prepare(spec)
        zygote = Zygote(control, setting)
        task = zygote.serve()
    except Dismissed:
        zygote.end_all()
        os._exit(0)
    except Gone:
        if zygote is not None:
            zygote.end_all(spec["cgroups"])
        os._exit(0)
    control.close()
    del zygote
    run_environment(task, setting)


def prepare(spec):
    """Import what environments share, and gather what they need of us."""
    client_class, always = None, frozenset()
    if spec["walled"]:
        from . import linux

        linux.prctl(linux.PR_SET_DUMPABLE, 0)
    if not spec["python"]:
        import gc

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
        spec["own_network"],
        proc_fd,
        spec["user_namespace"],
        bytes.fromhex(spec["seccomp"]),
        client_class,
        always,
    )
