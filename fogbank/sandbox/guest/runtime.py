"""The official runtime (awslambdaric's own bootstrap) over our channel instead of the HTTP Runtime API.

Only the client's five transport methods are ours; loading the handler, contexts, marshalling, errors and log formats are
awslambdaric's, unchanged, so a function sees what it sees on Lambda.
"""

import importlib
import inspect
import os
import sys
import time
import types

from . import output, wire

_LOG_VARIABLES = ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL")


def install_transport_module():
    """awslambdaric imports a C extension `runtime_client` for HTTP; ours needs none, and no other may be found."""
    module = types.ModuleType("runtime_client")
    module.initialize_client = lambda user_agent: None
    sys.modules["runtime_client"] = module


def make_client_class():
    """The official client with its transport replaced. Called once, in the zygote."""
    import resource

    from awslambdaric import lambda_runtime_client as official

    usage_of, who = resource.getrusage, resource.RUSAGE_SELF
    pack_usage = wire.USAGE.pack
    request_class = official.InvocationRequest

    class Client(official.LambdaRuntimeClient):
        def __init__(self, channel):
            self.use_thread_for_polling_next = False
            self.lambda_runtime_address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
            self._channel = channel
            self._ready = False

        def wait_next_invocation(self):
            if not self._ready:
                self._ready = True
                self._channel.send(wire.READY)
            try:
                timeout_ms, parts = self._channel.receive()
            except (wire.Closed, OSError):
                os._exit(0)
            request_id, arn, trace, context, identity, payload = parts
            return request_class(
                invoke_id=request_id.decode(),
                x_amzn_trace_id=trace.decode() or None,
                invoked_function_arn=arn.decode(),
                deadline_time_in_ms=int(time.time() * 1000) + timeout_ms,
                client_context=context.decode() or None,
                cognito_identity=identity.decode() or None,
                tenant_id=None,
                content_type="application/json",
                event_body=payload,
                invocation_id=None,
            )

        def post_invocation_result(self, invoke_id, result_data, *_more):
            data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
            self._channel.send(wire.RESULT, pack_usage(usage_of(who).ru_maxrss) + data)

        def post_invocation_error(self, invoke_id, error_response_data, *_more):
            data = error_response_data.encode("utf-8", "backslashreplace")
            self._channel.send(wire.ERROR, pack_usage(usage_of(who).ru_maxrss) + data)

        def post_init_error(self, error_response_data, *_more):
            document = error_response_data
            if not isinstance(document, (str, bytes)):
                document = official.to_json(document)
            data = document.encode("utf-8", "backslashreplace") if isinstance(document, str) else document
            self._channel.send(wire.INIT_ERROR, data)

        def restore_next(self):
            """Nothing is restored: environments are not snapshots."""

        def report_restore_error(self, restore_error_data):
            self.post_init_error(restore_error_data)

    return Client


def run(channel, client_class, handler):
    """Init, then serve invocations until the node closes the channel or the function ends the process."""
    from awslambdaric import bootstrap

    sink = output.install(channel)
    if any(name in os.environ for name in _LOG_VARIABLES):
        bootstrap = importlib.reload(bootstrap)  # it reads these two when it is imported
    bootstrap.create_log_sink = lambda: sink
    bootstrap.Unbuffered = lambda stream: stream  # ours never buffers
    if "lambda_runtime_client" in inspect.signature(bootstrap.run).parameters:
        bootstrap.run(handler, client_class(channel))
    else:  # before awslambdaric 3
        bootstrap.LambdaRuntimeClient = lambda *_arguments, **_more: client_class(channel)
        bootstrap.run(os.environ["LAMBDA_TASK_ROOT"], handler, "")


class _Curtain(BaseException):
    """The rehearsal is over."""


class _Stage:
    """A channel to nobody, with one invocation on it."""

    def __init__(self):
        self._played = False

    def send(self, kind, body=b""):
        pass

    def receive(self):
        if self._played:
            raise _Curtain
        self._played = True
        return 1000, [b"rehearsal", b"arn", b"", b"", b"", b"{}"]

    def forget(self):
        pass


def rehearse(client_class):
    """Run the runtime once, with a function of ours and no node.

    After a fork every page that is written for the first time is copied. In the child that waits in reserve, this makes
    the runtime's copies before there is a function to wait for them. Nothing of it is left but the copies.
    """
    import logging

    from awslambdaric import bootstrap

    kept = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    patched = {name: getattr(bootstrap, name, None) for name in ("create_log_sink", "Unbuffered")}
    root = logging.getLogger()
    handlers = root.handlers[:]
    environ = dict(os.environ)
    try:
        os.environ.setdefault("LAMBDA_TASK_ROOT", os.path.dirname(__file__))
        run(_Stage(), client_class, __name__.rpartition(".")[0] + ".rehearsal.handler")
    except _Curtain:
        pass
    finally:
        sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__ = kept
        root.handlers[:] = handlers
        for name, value in patched.items():
            setattr(bootstrap, name, value)
        bootstrap._GLOBAL_AWS_REQUEST_ID = None
        sys.modules.pop(__name__.rpartition(".")[0] + ".rehearsal", None)
        os.environ.clear()
        os.environ.update(environ)
