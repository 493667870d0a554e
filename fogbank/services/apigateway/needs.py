"""The permissions that API Gateway's operations need: the HTTP method, on the path of the request."""

from __future__ import annotations

from fogbank.model.permissions import Permissions
from fogbank.services.apigateway.service import SERVICE

SERVICE.needs(Permissions("apigateway", by_path=True))
