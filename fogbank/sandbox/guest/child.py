"""What a forked child does, from the zygote's loop to the function's own code."""

import os
import signal
import socket
import struct
import sys

from . import control, execute, isolate, wire


def run_environment(task, setting):
    """Wall in, become the function's process, run it. Does not return before the function's process ends."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, fds = task.request, task.fds
    trouble = None
    try:
        host_pid = _set_apart(setting)
        if request is None and setting.client_class is not None:
            _rehearse(setting)
    except Exception as error:
        trouble = error
    if request is None:
        request, fds = _wait_for_request(task.waiting)
    channel_socket = socket.socket(fileno=fds[0])
    try:
        if trouble is not None:
            raise trouble
        _standard_streams(fds[1])
        keep = {fds[0], setting.proc_fd, *fds[2:]}
        isolate.close_others(keep, "proc/self/fd" if setting.walled else "/dev/fd")
        if setting.walled:
            listeners = isolate.wall_in(request, setting, fds[2:])
        else:
            listeners = isolate.fence_in(request, setting)
    except Exception as error:
        _broken(channel_socket, error)
    variables = request["variables"]
    os.umask(isolate.UMASK)
    os.nice(isolate.NICE)
    os.environ.clear()
    os.environ.update(variables)
    channel = _begin(channel_socket, listeners, host_pid)
    if request["outbound"]:
        _wait_for_uplink(channel_socket)
    if request["program"]:
        execute.execute(channel_socket, request["program"], variables)
    _run_python(request, setting, channel)


def _set_apart(setting):
    """All that is the same for every environment. Returns our number among the host's processes; in here it is 1."""
    os.setsid()
    if not setting.walled:
        return str(os.getpid())
    host_pid = os.readlink("proc/self")
    isolate.enter_namespaces(setting.own_network)
    return host_pid


def _wait_for_request(waiting):
    """In reserve: until somebody needs an environment, or the zygote goes."""
    try:
        request, fds, _data = control.read(waiting)
    except control.Gone:
        os._exit(0)
    waiting.close()
    return request, fds


def _standard_streams(output):
    fd = os.open(os.devnull, os.O_RDONLY)
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


def _wait_for_uplink(channel_socket):
    """Until the node has connected our network namespace: one byte says so. Code of the function must not miss it."""
    if not channel_socket.recv(1):
        os._exit(0)


def _broken(channel_socket, error):
    reason = f"{type(error).__name__}: {error}"
    wire.Channel(channel_socket).send(wire.BROKEN, reason.encode())
    os._exit(70)


def _rehearse(setting):
    """In reserve there is time: go through what will be done with a request, for the sake of the pages it touches."""
    from . import preload, runtime

    preload.forget()
    preload.give_way(("/var/task", "/opt/python"), setting.always)
    runtime.rehearse(setting.client_class)


def _run_python(request, setting, channel):
    import time

    from . import preload, runtime

    time.tzset()
    preload.forget()
    path = request["python_path"]
    preload.give_way(path[: request["own_folders"]], setting.always)
    sys.path[:] = path
    sys.argv[:] = request["python_argv"]
    runtime.run(channel, setting.client_class, request["handler"])
