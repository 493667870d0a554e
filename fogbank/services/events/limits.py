"""Bounds of EventBridge, with the AWS quota each follows."""

from __future__ import annotations

#: Connections and API destinations of an account in a region (3,000 each).
CONNECTIONS_MAX = 3000
API_DESTINATIONS_MAX = 3000
#: What a connection keeps secret: the size of a Secrets Manager secret, where AWS keeps it.
SECRET_BYTES_MAX = 65_536
#: Items of a page at most, and without a Limit.
PAGE_ITEMS_MAX = 100
#: Invocations of an API destination each second when it does not say.
DESTINATION_RATE_DEFAULT = 300
#: A token that ends within this time is renewed before it is used.
TOKEN_RENEWED_BEFORE_MS = 60_000
#: How long a token endpoint may take, and how large its answer may be. Ours.
TOKEN_TIMEOUT_S = 20.0
TOKEN_BYTES_MAX = 64 * 1024
#: How often a read-decide-commit is tried before the caller is told. Ours.
CONFLICT_RETRIES_MAX = 20
#: Event buses of an account in a region (100), rules of a bus (300), targets of a rule (5), tags of a resource (50).
BUSES_MAX = 100
RULES_MAX = 300
TARGETS_MAX = 5
TAGS_MAX = 50
#: A bus's policy (10,240 characters).
POLICY_CHARS_MAX = 10_240
#: The entries of one PutEvents together (256 KiB), and what the time of an entry counts.
ENTRIES_BYTES_MAX = 262_144
TIME_BYTES = 14
#: What a target does not take is tried again for 24 hours, up to 185 times, unless its RetryPolicy says less.
RETRIES_DEFAULT = 185
AGE_S_DEFAULT = 86_400
BACKOFF_MS = 1000
BACKOFF_MS_MAX = 600_000
#: How long an API destination may take to answer.
DESTINATION_TIMEOUT_S = 5.0
#: How often an event may be handed from bus to bus before it is taken for a circle. Ours.
HOPS_MAX = 64
#: Fires of one schedule that are made up for after a stop. Ours.
FIRES_MADE_UP_MAX = 1000
#: Compiled rules' buses kept at hand on a node. Ours.
BUSES_CACHED_MAX = 1000
#: Deliveries under way at once on a node, to targets and to API destinations each. Ours.
DELIVERIES_AT_ONCE = 64
