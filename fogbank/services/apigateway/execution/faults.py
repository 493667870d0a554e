"""Requests that end before their integration answers: AWS's gateway responses, by type, with what they say by default."""

from __future__ import annotations

from typing import NamedTuple


class Default(NamedTuple):
    """What a type answers when nothing is configured. `error` is the x-amzn-ErrorType."""

    status: int
    error: str
    message: str


#: AWS's default of INTEGRATION_FAILURE reads 504 in GetGatewayResponse; what clients get is 500 (an AWS recording).
DEFAULTS: dict[str, Default] = {
    "ACCESS_DENIED": Default(403, "AccessDeniedException", "Forbidden"),
    "API_CONFIGURATION_ERROR": Default(500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": Default(500, "AuthorizerConfigurationException", ""),
    "AUTHORIZER_FAILURE": Default(500, "AuthorizerFailureException", ""),
    "BAD_REQUEST_BODY": Default(400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": Default(400, "BadRequestException", "Bad Request"),
    "DEFAULT_4XX": Default(400, "BadRequestException", "Bad Request"),
    "DEFAULT_5XX": Default(500, "InternalServerErrorException", "Internal server error"),
    "EXPIRED_TOKEN": Default(
        403, "ExpiredTokenException", "The security token included in the request is expired"
    ),
    "INTEGRATION_FAILURE": Default(500, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_TIMEOUT": Default(504, "InternalServerErrorException", "Endpoint request timed out"),
    "INVALID_API_KEY": Default(403, "ForbiddenException", "Forbidden"),
    "INVALID_SIGNATURE": Default(403, "InvalidSignatureException", "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": Default(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    ),
    "QUOTA_EXCEEDED": Default(429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": Default(413, "RequestTooLargeException", "Request Too Long"),
    "RESOURCE_NOT_FOUND": Default(404, "NotFoundException", "Not Found"),
    "THROTTLED": Default(429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": Default(401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": Default(415, "BadRequestException", "Unsupported Media Type"),
    "WAF_FILTERED": Default(403, "ForbiddenException", "Forbidden"),
}


class Fault(Exception):
    """A request ends with a gateway response. `detail` is for the execution log, never for the client."""

    def __init__(
        self,
        type_: str,
        message: str | None = None,
        *,
        status: int | None = None,
        error: str | None = None,
        detail: str = "",
        validation: str | None = None,
    ) -> None:
        default = DEFAULTS[type_]
        self.type = type_
        self.message = default.message if message is None else message
        self.status = default.status if status is None else status
        self.error = error or default.error
        self.detail = detail
        self.validation = validation
        super().__init__(f"{type_}: {self.message}")


def misconfigured(detail: str) -> Fault:
    """The API's own fault: `Internal server error` to the client, the reason in the execution log."""
    return Fault("API_CONFIGURATION_ERROR", detail=f"Execution failed due to configuration error: {detail}")


def malformed_proxy_response(detail: str = "Malformed Lambda proxy response") -> Fault:
    return Fault("DEFAULT_5XX", status=502, detail=f"Execution failed due to configuration error: {detail}")


def integration_failure(detail: str) -> Fault:
    return Fault("INTEGRATION_FAILURE", detail=f"Execution failed due to an internal error: {detail}")
