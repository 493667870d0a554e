"""The permissions that API Gateway's operations need: the HTTP method, on the path of the request, and iam:PassRole for the
roles in it (imports check those of their definition)."""

from __future__ import annotations

from fogbank.gateway.passed_roles import PRINCIPAL, roles_of_request
from fogbank.model.permissions import Permissions
from fogbank.services.apigatewayv2.service import SERVICE

SERVICE.needs(Permissions("apigateway", by_path=True, passed=roles_of_request, passes_to=PRINCIPAL))
