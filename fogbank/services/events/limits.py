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
