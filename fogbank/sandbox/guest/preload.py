"""What a Python zygote imports and warms before the first fork, so that no environment pays for it.

Caches of parsed data are kept; sessions, credentials and connections are not: they are made with nobody's credentials and
dropped, and every environment starts with boto3 as if it had just been imported.
"""

import gc
import os
import sys

_SEED_BYTES = 64

# Packages of /var/runtime that belong together: a function that brings one of them gets none of ours.
_FAMILY = frozenset(("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"))

_MODULES = (
    "base64",
    "collections.abc",
    "concurrent.futures",
    "contextlib",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "email.message",
    "functools",
    "hashlib",
    "http.client",
    "importlib.metadata",
    "inspect",
    "itertools",
    "json",
    "logging",
    "random",
    "resource",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "traceback",
    "typing",
    "urllib.request",
    "uuid",
    "zipfile",
)


def preload():
    """Import everything; returns (the client class of the runtime, the names that Lambda's own runtime imports too)."""
    import importlib

    from . import runtime

    runtime.install_transport_module()
    client_class = runtime.make_client_class()
    import awslambdaric.bootstrap  # noqa: F401

    always = frozenset(name.partition(".")[0] for name in sys.modules)
    from . import execute, isolate, output, warm_boto3  # noqa: F401

    for name in _MODULES:
        importlib.import_module(name)
    warm_boto3.warm()
    runtime.rehearse(client_class)  # whatever the runtime imports only when it is used
    return client_class, always


def settle():
    """Before the first fork: drop garbage, and keep the collector from touching (and so copying) what is shared."""
    gc.collect()
    gc.freeze()


def give_way(folders, always):
    """Forget preloaded modules that the function brings itself, so that its own are found, as on Lambda.

    `folders` are those of sys.path before the runtime's; `always` the names that win on Lambda, too.
    """
    own = set()
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in entries:
            name, dot, _rest = entry.partition(".")
            if name not in sys.modules or name in always:
                continue
            if dot or os.path.exists(os.path.join(folder, entry, "__init__.py")):
                own.add(name)
    if own & _FAMILY:
        own |= _FAMILY
    if own:
        for name in list(sys.modules):
            if name.partition(".")[0] in own:
                del sys.modules[name]


def forget():
    """In an environment: nothing of the zygote's identity is left in the preloaded modules."""
    boto3 = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None
        tempfile._name_sequence = None
    ssl = sys.modules.get("ssl")
    if ssl is not None:
        # OpenSSL notices a fork by the process id, and here parent and child are both 1: without this, every
        # environment would draw the same "random" numbers.
        ssl.RAND_add(os.urandom(_SEED_BYTES), float(_SEED_BYTES))
