"""The bounds of API Gateway's control plane: value, and the AWS quota it follows."""

from __future__ import annotations

CONFLICT_RETRIES_MAX = 100  # ours: a hundred clients may change one API at once
PAGE_ITEMS_DEFAULT = 25  # "limit" of every list: 25 by default, at most 500
PAGE_ITEMS_MAX = 500
REST_APIS_MAX = 720  # 600 regional, 120 edge and as many private ones
RESOURCES_PER_API_MAX = 300
STAGES_PER_API_MAX = 10
AUTHORIZERS_PER_API_MAX = 10
MODELS_PER_API_MAX = 1000  # ours: the quota is the size of the definition
VALIDATORS_PER_API_MAX = 300  # ours
DEPLOYMENTS_PER_API_MAX = 10_000  # ours: AWS names none
DOCUMENTATION_PARTS_PER_API_MAX = 2000
DOCUMENTATION_VERSIONS_PER_API_MAX = 1000  # ours
API_KEYS_MAX = 10_000
USAGE_PLANS_MAX = 300
PLANS_PER_KEY_MAX = 10
STAGES_PER_PLAN_MAX = 720  # ours: as many as there may be APIs
CLIENT_CERTIFICATES_MAX = 60
DOMAIN_NAMES_MAX = 120
MAPPINGS_PER_DOMAIN_MAX = 200
VPC_LINKS_MAX = 20
TAGS_MAX = 50
DEFINITION_BYTES_MAX = 6 * 1024 * 1024  # OpenAPI of ImportRestApi and PutRestApi
SNAPSHOT_CHUNK_BYTES = 256 * 1024  # ours: one record of a deployment's snapshot
PAYLOAD_COMPRESSION_BYTES_MAX = 10_485_760  # minimumCompressionSize
INTEGRATION_TIMEOUT_MS_MIN = 50
INTEGRATION_TIMEOUT_MS_MAX = 29_000
STREAM_TIMEOUT_MS_MAX = 900_000  # responseTransferMode STREAM
CACHE_TTL_S_MAX = 3600
AUTHORIZER_TTL_S_MAX = 3600
STAGE_VARIABLE_CHARS_MAX = 512
TEMPLATE_BYTES_MAX = 300 * 1024
BURST_LIMIT_DEFAULT = 5000  # of an account in a region
RATE_LIMIT_DEFAULT = 10_000.0
NESTING_MAX = (
    64  # ours: levels of a definition or schema, so that whoever walks one needs no stack of its own
)
DEFINITION_NODES_MAX = (
    500_000  # ours: values in a definition, aliases of YAML counted as often as they are used
)
