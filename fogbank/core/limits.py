"""Every bound in one place, each with the AWS quota it follows (or why it has none)."""

from __future__ import annotations

# --- edge -----------------------------------------------------------------------------------------------------------
HTTP_HEADER_BYTES_MAX = 64 * 1024  # AWS front ends refuse somewhere between 8 and 64 KB by service
HTTP_REQUEST_LINE_BYTES_MAX = 16 * 1024
HTTP_BODY_BYTES_MAX = (
    80 * 1024 * 1024
)  # the largest single AWS body we take: a 50 MB zip in base64, and its JSON
HTTP_PIPELINE_DEPTH_MAX = 32  # requests read ahead on one connection; ours
HTTP_CONNECTIONS_MAX = 20_000  # ours: bounded by descriptors
HTTP_IDLE_S = 350.0  # ALB and API front ends close idle connections at 350 s
HTTP_HEADER_S = 20.0  # time for a whole header to arrive: slow-loris bound; ours
HTTP_BODY_STALL_S = 30.0  # longest silence inside a body; ours

# --- lambda ---------------------------------------------------------------------------------------------------------
INVOKE_PAYLOAD_BYTES_MAX = 6 * 1024 * 1024  # synchronous request and response payload
ASYNC_PAYLOAD_BYTES_MAX = 1024 * 1024  # Event invocation payload (1 MB since October 2025)
LOG_TAIL_BYTES_MAX = 4 * 1024  # X-Amz-Log-Result
CODE_ZIP_BYTES_MAX = 50 * 1024 * 1024  # direct upload, zipped
CODE_UNZIPPED_BYTES_MAX = 250 * 1024 * 1024  # function and all layers, unzipped
ENVIRONMENT_BYTES_MAX = 4 * 1024  # all environment variables together
LAYERS_MAX = 5
INIT_PHASE_S = 10.0
TIMEOUT_S_MAX = 900
ACCOUNT_CONCURRENCY = 1000
UNRESERVED_CONCURRENCY_MIN = 100
ENVIRONMENT_IDLE_S = 600.0  # AWS keeps idle environments some minutes; not documented
ASYNC_EVENT_AGE_S_MAX = 21_600
ASYNC_RETRIES_MAX = 2

# --- logs -----------------------------------------------------------------------------------------------------------
LOG_BATCH_BYTES_MAX = 1_048_576  # PutLogEvents: events plus 26 bytes each
LOG_BATCH_EVENTS_MAX = 10_000
LOG_EVENT_BYTES_MAX = 1_048_576
LOG_LINE_BYTES_MAX = 256 * 1024  # a function's line longer than this is split, as Lambda does

# --- ours: caches and queues ----------------------------------------------------------------------------------------
SIGNING_KEYS_CACHED_MAX = 4096
METADATA_CACHED_MAX = 10_000
TELEMETRY_BUFFER_BYTES_MAX = 64 * 1024 * 1024  # log lines and metric points waiting for the batcher
