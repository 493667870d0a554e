"""The bounds of HTTP APIs and WebSocket APIs: value, and the AWS quota it follows."""

from __future__ import annotations

CONFLICT_RETRIES_MAX = 100  # ours: a hundred clients may change one API at once
PAGE_ITEMS_DEFAULT = 25  # of GetApis and the like; AWS documents none
PAGE_ITEMS_MAX = 500  # ours
APIS_MAX = 600  # of one account in a region
ROUTES_PER_API_MAX = 300
INTEGRATIONS_PER_API_MAX = 300
AUTHORIZERS_PER_API_MAX = 10
STAGES_PER_API_MAX = 10
MODELS_PER_API_MAX = 1000  # ours: the quota is the size of the definition
RESPONSES_PER_PART_MAX = 300  # ours: route responses of a route, integration responses of an integration
DEPLOYMENTS_PER_API_MAX = 10_000  # ours: AWS names none
DOMAIN_NAMES_MAX = 120
MAPPINGS_PER_DOMAIN_MAX = 200
VPC_LINKS_MAX = 10
TAGS_MAX = 50
AUDIENCES_MAX = 50  # of a JWT authorizer
SCOPES_PER_ROUTE_MAX = 10
DEFINITION_BYTES_MAX = 6 * 1024 * 1024  # OpenAPI of ImportApi
DEFINITION_LEVELS_MAX = 64  # ours
DEFINITION_NODES_MAX = 500_000  # ours
STAGE_VARIABLE_CHARS_MAX = 512
STAGE_VARIABLE_NAME_CHARS_MAX = 64
TEMPLATE_BYTES_MAX = 300 * 1024
SNAPSHOT_CHUNK_BYTES = 256 * 1024  # ours: one record of a deployment's snapshot
TIMEOUT_MS_MIN = 50
HTTP_TIMEOUT_MS_MAX = 30_000
WEBSOCKET_TIMEOUT_MS_MAX = 29_000
AUTHORIZER_TTL_S_DEFAULT = 300  # of a WebSocket API's; an HTTP API's have none unless it is set
AUTHORIZER_TTL_S_MAX = 3600
RATE_LIMIT_DEFAULT = 10_000.0  # of an account in a region
BURST_LIMIT_DEFAULT = 5000

# --- requests and connections -----------------------------------------------------------------------------------------
BODY_BYTES_MAX = 10 * 1024 * 1024  # payload of a request to an HTTP API
WEBSOCKET_FRAME_BYTES_MAX = 32 * 1024
WEBSOCKET_MESSAGE_BYTES_MAX = 128 * 1024
WEBSOCKET_IDLE_S = 600.0
WEBSOCKET_DURATION_S = 7200.0
HANDOVER_S = (
    5.0  # ours: for another node to take an order for a connection of its own, and again to carry it out
)
ORDERS_PAGE = 100  # ours: orders of other nodes that are read at once
WEBSOCKETS_WAITING_BYTES_MAX = 64 * 1024 * 1024  # ours: of all connections of a node, beside one message each
WEBSOCKET_WAITING_MAX = 32  # ours: messages of one connection that wait for their integration
