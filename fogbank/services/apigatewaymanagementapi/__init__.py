"""`@connections`: the API by which backends speak to the clients of WebSocket APIs. It has no state of its own: the connections
are services/apigatewayv2's.

Importing this package declares every operation.
"""

from __future__ import annotations

from fogbank.services.apigatewaymanagementapi import connections
from fogbank.services.apigatewaymanagementapi import needs as needs
from fogbank.services.apigatewaymanagementapi.service import SERVICE, ApiGatewayManagementApi

__all__ = ["SERVICE", "ApiGatewayManagementApi", "connections"]
