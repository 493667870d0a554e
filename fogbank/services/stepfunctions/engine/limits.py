"""Bounds of the engine, with the AWS quota each follows."""

from __future__ import annotations

#: How long an execution that ended is kept: 90 days.
RETENTION_MS = 90 * 24 * 3600 * 1000
#: How long after its end an execution may be redriven: 14 days.
REDRIVE_MS = 14 * 24 * 3600 * 1000
#: A history of that many events cannot be redriven.
EVENTS_REDRIVABLE_MAX = 24_999
#: Redrives of one execution.
REDRIVES_MAX = 1000
#: Express: five minutes.
EXPRESS_MS = 5 * 60 * 1000
#: Standard: one year, unless TimeoutSeconds says less.
STANDARD_MS = 365 * 24 * 3600 * 1000
#: Express executions that run on one node at one time; ours. More are refused with ExecutionLimitExceeded.
EXPRESS_RUNNING_MAX = 50_000
#: Tasks that run on one node at one time; ours. More wait as scheduled.
TASKS_RUNNING_MAX = 2_000
#: Compiled state machines kept by a node; ours.
MACHINES_CACHED_MAX = 500
#: Executions whose time has come, taken up at once; ours.
DUE_AT_ONCE_MAX = 256
DUE_LEASE_MS = 60_000
#: Records read in one go while an execution is restored or removed; ours.
SCAN_MAX = 1_000
#: Executions removed in one go when their retention is over; ours.
PURGED_AT_ONCE_MAX = 200
#: Nodes on one store; ours.
NODES_MAX = 1_000
#: Executions of a dead node that another takes over in one go; ours.
TAKEN_OVER_AT_ONCE_MAX = 100
#: Child executions of one Distributed Map that run at one time as on AWS.
CHILDREN_RUNNING_MAX = 10_000
#: Times that a commit is tried when another node advanced the execution.
CONFLICTS_MAX = 20
