"""What runs on the function's side of the fence, inside interpreters from CPython 3.8 to 3.14.

Standard library only, and nothing of the rest of fogbank: this folder is the one thing of ours that a sandbox can see.

    boot.py      outside: makes the namespaces and the read-only root of a zygote, then becomes it
    zygote.py    inside: preloads, then forks an environment for each request that comes over its control socket
    isolate.py   the forked child: walls itself in (mounts, cgroup, uid, capabilities, seccomp), step by step
    runtime.py   the official runtime client over our one-frame-each-way protocol
    wire.py      those frames
    output.py    sys.stdout and the log sink, framed
    wrapped.py   the same runtime in a new interpreter, under a wrapper script
    node/        the Node.js runtime
    execute.py   hands a walled-in child over to another program (Node.js, a `bootstrap`)
    linux.py     the few system calls Python has no name for
"""
