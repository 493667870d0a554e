"""Bounds of Step Functions, with the AWS quota each follows."""

from __future__ import annotations

#: Items of a page when maxResults is 0 or absent, and at most.
PAGE_ITEMS_DEFAULT = 100
PAGE_ITEMS_MAX = 1000
#: Registered state machines and activities for each account and region (10,000 each, adjustable on AWS).
STATE_MACHINES_MAX = 100_000
ACTIVITIES_MAX = 10_000
#: Published versions of a state machine (1,000) and its aliases (100).
VERSIONS_MAX = 1000
ALIASES_MAX = 100
#: Tags of a resource.
TAGS_MAX = 50
#: Diagnostics of ValidateStateMachineDefinition when maxResults is 0 or absent, and at most.
DIAGNOSTICS_MAX = 100
#: Pollers of one activity at a time (1,000), and how long one waits for a task before the empty answer.
ACTIVITY_POLLERS_MAX = 1000
ACTIVITY_POLL_S = 60
#: How often a read-decide-commit is tried before the caller is told.
CONFLICT_RETRIES_MAX = 20
#: State machines whose definition a node keeps at hand.
SOURCES_CACHED_MAX = 500
SOURCES_CACHED_BYTES_MAX = 64 << 20
#: What one log event holds of an execution's data before it is cut (248 KiB), and the streams whose names a node remembers.
LOGGED_DATA_BYTES_MAX = 248 << 10
LOG_STREAMS_REMEMBERED_MAX = 10_000
#: Executions whose open tasks a node follows for metrics; of the oldest, durations are no longer measured.
METRIC_EXECUTIONS_MAX = 50_000
#: What a status-change event holds of input and output (an EventBridge event has 256 KiB in all).
EVENT_DATA_BYTES_MAX = 120 << 10
#: How long TestState lets a task run (five minutes).
TRIAL_SECONDS_MAX = 300
#: Events of traced Express executions that a node keeps until they end.
TRACED_EVENTS_MAX = 200_000
