"""API Gateway, REST APIs (v1): the control plane. `execution/` is the data plane.

Importing this package declares every operation. `SERVICE` and the state class `ApiGateway` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.apigateway.service import SERVICE
from fogbank.services.apigateway.state import ApiGateway

__all__ = ["SERVICE", "ApiGateway"]
