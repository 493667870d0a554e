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
HTTP_HEADERS_MAX = 256  # header fields of one request; ours
HTTP_BODIES_BYTES_MAX = 1024 * 1024 * 1024  # request bodies held by one server at one time; ours
HTTP_RUNNING_MAX = 20_000  # requests at work in one server, those whose client hung up included; ours
HTTP_WRITE_STALL_S = 60.0  # longest time in which a client takes nothing of its response; ours
HTTP_LINGER_S = 2.0  # after refusing a request whose rest is still coming: time for the client to read why
HTTP_NAMES_CACHED_MAX = 1024  # header names remembered with their lower-case form
HOSTS_CACHED_MAX = 4096  # Host values remembered with the rule they fall under
SESSIONS_CACHED_MAX = 4096  # session tokens opened and remembered
TRUSTSTORE_BYTES_MAX = 1024 * 1024  # CA certificates of a custom domain name with mutual TLS
TRUSTSTORE_CERTIFICATES_MAX = 1000
TLS_HELLO_BYTES_MAX = 32 * 1024  # ours: a ClientHello that is read for its server name
TLS_NAMES_CACHED_MAX = 256  # server names with a certificate of their own

# --- lambda ---------------------------------------------------------------------------------------------------------
INVOKE_PAYLOAD_BYTES_MAX = 6 * 1024 * 1024  # synchronous request and response payload
RESPONSE_PAYLOAD_BYTES_MAX = 6_291_556  # synchronous response: 6 MiB and 100 bytes, as the error says
STREAMED_RESPONSE_BYTES_MAX = 200 * 1024 * 1024  # a streamed response; a soft limit on AWS
STREAM_BUFFER_BYTES_MAX = (
    256 * 1024
)  # ours: of a streamed response that its reader has not taken; then the function waits
STREAM_PRELUDE_BYTES_MAX = 64 * 1024  # ours: status and headers before the body of a streamed HTTP response
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
ASYNC_EVENT_AGE_S_MAX = 21_600
ASYNC_RETRIES_MAX = 2
MEMORY_MB_MAX = 10_240
CODE_STORAGE_BYTES_MAX = (
    75 * 1024 * 1024 * 1024
)  # all packages of an account; shown, bounded here by the disk
CODE_FILES_MAX = 100_000  # entries of one package; ours
CODE_CENTRAL_BYTES_MAX = 20 * 1024 * 1024  # a zip's directory, which is parsed whole; ours
CODE_PATH_BYTES_MAX = 4096  # an entry's path; ours, as PATH_MAX
CLIENT_CONTEXT_BYTES_MAX = 3583  # of base64, in one header
FUNCTION_TAGS_MAX = 50
FUNCTION_POLICY_BYTES_MAX = 20 * 1024  # the resource policy of a function
LAMBDA_PAGE_ITEMS_MAX = 50  # ListFunctions and its like return no more, whatever is asked for
LAMBDA_ALIAS_PAGE_ITEMS_MAX = 10_000  # ListAliases
LAMBDA_CONFLICT_RETRIES_MAX = 64  # ours: attempts of one read-decide-commit
ASYNC_CONCURRENCY_MIN = 4  # ours: events of one function that run at once, before it shows that it waits
ASYNC_LEASE_MS = 30_000  # ours: extended while the event runs; what a killed node held is due again after it
ASYNC_LEASE_BATCH_MAX = 64  # ours: events taken in one transaction
DURATIONS_GATHERED_MAX = 4096  # ours: distinct durations of one function between two deliveries of metrics

# --- logs -----------------------------------------------------------------------------------------------------------
LOG_BATCH_BYTES_MAX = 1_048_576  # PutLogEvents: events plus 26 bytes each
LOG_BATCH_EVENTS_MAX = 10_000
LOG_EVENT_BYTES_MAX = 1_048_576
LOG_LINE_BYTES_MAX = 256 * 1024  # a function's line longer than this is split, as Lambda does

# --- ours: caches and queues ----------------------------------------------------------------------------------------
SIGNING_KEYS_CACHED_MAX = 4096
METADATA_CACHED_MAX = 10_000
IDENTITIES_CACHED_MAX = 4096  # users and roles whose policies are compiled
DECISIONS_CACHED_MAX = 1024  # allowed (action, resource) pairs kept for each of them
POLICY_ACTIONS_INDEXED_MAX = 1024  # actions that one identity's statements are looked up by
TELEMETRY_BUFFER_BYTES_MAX = 64 * 1024 * 1024  # log lines and metric points waiting for the batcher

# --- store ----------------------------------------------------------------------------------------------------------
STORE_KEY_BYTES_MAX = 2600  # one encoded key; a PostgreSQL B-tree entry holds 2,704 bytes
STORE_KEYS_CACHED_MAX = 4096  # encoded keys kept at hand
STORE_STEMS_CACHED_MAX = 1024  # and encoded beginnings of keys
STORE_LAST_SEQS_CACHED_MAX = 4096  # logs whose last number the writer remembers
STORE_PENDING_JOBS_MAX = 10_000  # commits and leases that wait for the writer; then callers wait
STORE_RECENT_BYTES_MAX = 32 * 1024**2  # ours: what a service wrote last and need not read again
STORE_GATHERED_JOBS_MAX = 64  # ours: commits that share a batch while more keep coming
STORE_FLUSH_QUICK_S = 0.0015  # ours: a disk that flushes faster is waited for on the event loop
STORE_FLUSH_PROBE_EVERY = 64  # ours: commits on a slow disk between two looks whether it is still slow
STORE_PATIENCE_S = (
    0.004  # ours: how long a commit that nobody waits for looks out for others to share its flush
)
STORE_PENDING_BYTES_MAX = 64 * 1024 * 1024  # what those may hold in memory
STORE_BATCH_OPERATIONS_MAX = 512  # operations that share one commit: bounds the pause of the event loop
STORE_BATCH_BYTES_MAX = 2 * 1024 * 1024  # as above; one larger transaction is applied off the loop
STORE_CHUNK_ENTRIES_MAX = 128  # log entries in one stored row
STORE_CHUNK_BYTES_MAX = 64 * 1024  # a row with more than one entry holds no more
STORE_BALLAST_BYTES = 4 * 1024 * 1024  # disk space kept for deleting when the disk is full; ours
STORE_FREEING_BYTES_MAX = 4096  # what a transaction that frees space may write; ours
STORE_BUSY_S = 30.0  # how long a writer waits for other processes on the same file
STORE_AWAY_S = (
    4.0  # how long a request waits for a PostgreSQL server that does not answer, before it is refused
)
STORE_CONNECT_S = 3  # to be connected with one; ours
STORE_NEWS_ROWS_MAX = 256  # commits announced to other processes; one that fell behind wakes all its watchers
STORE_NEWS_BYTES_MAX = 32 * 1024  # what one commit announces in particular; beyond it, all watchers wake
STORE_NOTIFY_BYTES_MAX = 7_900  # the same for PostgreSQL, whose notifications hold 8,000 bytes
STORE_READERS_MAX = 8  # connections of one node to PostgreSQL for reads and leases
STORE_NEIGHBOURS_MAX = 1024  # processes on one file that notice each other at once
BLOB_CHUNK_BYTES = 1024 * 1024  # one read of a streamed blob

# --- protocol -------------------------------------------------------------------------------------------------------
SHAPE_DEPTH_MAX = 64  # levels of a recursive shape in one request; the deepest AWS allows is DynamoDB's 32
QUERY_PARAMETERS_MAX = (
    20_000  # form fields of one query request; a PutMetricData of 1,000 metrics has under 10,000
)
ROUTES_CACHED_MAX = 4096  # (service, method, path) already resolved to an operation; ours
ROUTE_PATH_BYTES_MAX = 512  # paths longer than this are resolved each time, so the cache stays small; ours
EVENT_MESSAGE_BYTES_MAX = 16 * 1024 * 1024  # one event stream message; AWS's own bound
EVENT_HEADERS_BYTES_MAX = 128 * 1024  # headers of one event stream message; AWS's own bound
VALUE_SHOWN_CHARS_MAX = 64 * 1024  # of a value echoed in a validation error; AWS echoes it whole; ours

# --- iam: AWS's default quotas --------------------------------------------------------------------------------------
IAM_USERS_MAX = 5000
IAM_GROUPS_MAX = 300
IAM_ROLES_MAX = 1000
IAM_INSTANCE_PROFILES_MAX = 1000
IAM_POLICIES_MAX = 1500
IAM_POLICY_VERSIONS_MAX = 5
IAM_POLICY_CHARS_MAX = 6144  # a managed policy's document, white space not counted; so too the next two
IAM_INLINE_CHARS_MAX = {"user": 2048, "group": 5120, "role": 10_240}  # all inline policies of one together
IAM_TRUST_CHARS_MAX = 2048
IAM_ATTACHED_POLICIES_MAX = 10  # to one user, group or role
IAM_GROUPS_PER_USER_MAX = 10
IAM_ACCESS_KEYS_PER_USER_MAX = 2
IAM_TAGS_MAX = 50
IAM_OIDC_PROVIDERS_MAX = 100
IAM_OIDC_CLIENT_IDS_MAX = 100
IAM_OIDC_THUMBPRINTS_MAX = 5
IAM_SAML_PROVIDERS_MAX = 100
IAM_SERVER_CERTIFICATES_MAX = 20
IAM_SSH_KEYS_PER_USER_MAX = 5
IAM_SIGNING_CERTIFICATES_PER_USER_MAX = 2
IAM_SERVICE_CREDENTIALS_PER_SERVICE_MAX = 2  # of one user
IAM_MFA_DEVICES_PER_USER_MAX = 8
IAM_PAGE_ITEMS_DEFAULT = 100
IAM_SCAN_CHUNK = 100  # ours: records read at once while a listing filters
IAM_CONFLICT_RETRIES_MAX = 64  # ours: attempts of one read-decide-commit before ConcurrentModification
IAM_USAGE_RESOLUTION_S = 60  # ours: "last used" of a key or role is written at most this often
STS_CHAINED_SESSION_S_MAX = 3600  # a role assumed with another role's session
STS_PACKED_POLICY_BYTES_MAX = 4096  # ours: what 100 % of PackedPolicySize is; AWS's packing is not public

# --- sandbox ---------------------------------------------------------------------------------------------------------
ENVIRONMENT_PROCESSES_MAX = 1024  # processes and threads of one environment
ENVIRONMENT_DESCRIPTORS_MAX = 1024
ENVIRONMENT_TMP_FILES_MAX = 65_536  # inodes of /tmp; ours
ENVIRONMENT_MEMORY_EXTRA_MB = 16  # ours: what the runtime itself may take beside the function's memory
SANDBOX_WAITING_MAX = 4096  # ours: invocations waiting for an environment to start
SANDBOX_STARTS_PER_CORE = 2  # ours: environments being made at once
MEMORY_WATCH_S = 0.01  # ours: how often the memory of busy environments is looked at
MEMORY_WATCH_READS_MAX = 64  # ours: and of how many at once
WRAP_UP_S = (
    0.02  # ours: how long an invocation waits for an environment that has answered and not yet asked for more
)
ESTATES_MAX = 64  # ours: /tmp folders of timed-out environments that wait for the next one
SANDBOX_AT_ONCE_PER_CORE = 4  # ours: invocations of a quick function that are under way at once
SANDBOX_DISPATCHES_PER_TURN = 4  # ours: invocations sent in one turn of the event loop
OUTBOUND_SOCKETS_MAX = (
    1024  # an environment's connections and sockets beyond the platform, as its descriptors
)
OUTBOUND_MEMORY_BYTES_MAX = 256 * 1024 * 1024  # ours: what their buffers may take
FREEZE_AFTER_S = (
    0.1  # ours: idle time after which an environment gets no CPU; shorter ones thrash under steady load
)

# --- logs: storage and reading --------------------------------------------------------------------------------------
LOG_CHUNK_EVENTS_MAX = 1024  # events in one stored chunk; bounds what a page reads beyond its end
LOG_CHUNK_BYTES_MAX = 256 * 1024  # as above
LOG_BATCH_SPAN_MS_MAX = 86_400_000  # PutLogEvents: 24 hours
LOG_EVENT_AGE_MS_MAX = 14 * 86_400_000  # PutLogEvents: older events are rejected
LOG_EVENT_FUTURE_MS_MAX = 2 * 3_600_000  # PutLogEvents: newer events are rejected
LOG_PAGE_EVENTS_MAX = 10_000  # GetLogEvents, FilterLogEvents
LOG_PAGE_BYTES_MAX = 1_048_576  # as above
LOG_SCAN_EVENTS_MAX = (
    100_000  # events that one FilterLogEvents call looks at before it answers a partial page; ours
)
LOG_METRIC_FILTERS_MAX = 100  # for each log group
LOG_SUBSCRIPTION_FILTERS_MAX = 2  # for each log group
LOG_RESOURCE_POLICIES_MAX = 10  # for each account and region
LOG_TAGS_MAX = 50
LOG_TAIL_EVENTS_MAX = 500  # Live Tail: events in one update
LOG_TAIL_S_MAX = 10_800  # Live Tail: a session ends after three hours
LOG_QUERY_EVENTS_MAX = 2_000_000  # events that one Insights query scans; ours
LOG_QUERY_ROWS_MAX = 10_000  # Insights: rows of a result
LOG_QUERY_KEPT_MS = 7 * 86_400_000  # Insights: how long results can be read

# --- sandbox: the Runtime API ---------------------------------------------------------------------------------------
RUNTIME_API_CONNECTIONS_MAX = 64  # open at once from one environment; a runtime client uses one or two; ours
RUNTIME_API_HEAD_BYTES_MAX = 256 * 1024  # a request's headers: an X-Ray error cause may be long; ours

# --- cloudwatch -----------------------------------------------------------------------------------------------------
METRIC_DATA_IN_A_CALL_MAX = 1000  # PutMetricData
METRIC_VALUES_IN_A_DATUM_MAX = 150  # PutMetricData: Values and Counts
METRIC_AGE_MS_MAX = 14 * 86_400_000  # PutMetricData: two weeks back
METRIC_FUTURE_MS_MAX = 2 * 3_600_000  # PutMetricData: two hours ahead
METRIC_VALUE_MAX = 2.0**360  # PutMetricData: beyond, and below its inverse, values are refused
METRIC_QUERIES_MAX = 500  # GetMetricData
METRIC_DATAPOINTS_MAX = 100_800  # GetMetricData: one page
METRIC_STATISTICS_DATAPOINTS_MAX = 1440  # GetMetricStatistics
METRIC_PAGE_MAX = 500  # ListMetrics
METRIC_SCANNED_MAX = 20_000  # metrics that one ListMetrics or SEARCH looks at; ours
METRIC_SEARCH_MAX = 500  # SEARCH: time series; AWS's limit too
METRIC_EXACT_VALUES_MAX = 100  # distinct values of a period kept exactly; beyond, a histogram within 1%
METRIC_FOLD_ENTRIES = 16  # journal entries read at once; an entry holds up to 1,000 data; ours
METRIC_FOLD_BATCHES = 64  # such reads that share one transaction; ours
METRIC_FOLD_SLOTS = 1000  # metrics and periods in one folding transaction, about; ours
METRIC_ROWS_READ_MAX = 500_000  # stored periods that one query reads; ours
ALARM_HISTORY_ITEMS_MAX = 100  # one page
ALARMS_EVALUATED_AT_ONCE = 50  # ours

# --- asl: JSONata ---------------------------------------------------------------------------------------------------
JSONATA_DEPTH_MAX = 100  # nested evaluations of one expression, as AWS counts them
JSONATA_VALUE_BYTES_MAX = (
    6_990_256  # one value that an expression builds, a number counted as 8 bytes; AWS's bound
)
JSONATA_RANGE_ITEMS_MAX = 360_145  # what $range may make; AWS's bound
JSONATA_STEPS_MAX = (
    2_000_000  # about the second that AWS allows one expression; ours, in steps: no clock, no thread
)
JSONATA_NESTING_MAX = (
    128  # brackets within brackets in the text; past the depth above it could not be evaluated
)
