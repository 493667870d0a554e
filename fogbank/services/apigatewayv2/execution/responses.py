"""`responseParameters`: what a backend's status, headers are changed to, by its status."""

from __future__ import annotations

from fogbank.core.http import Response
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.values import Answer, Source, compile_value

Change = tuple[str, str, Source]  # (append | overwrite | remove, header name or "", value)


class ResponseParameters:
    """Those of one integration."""

    __slots__ = ("_by_status",)

    def __init__(self, parameters: dict[str, dict[str, str]] | None) -> None:
        self._by_status: dict[int, list[Change]] = {}
        for status, mapping in (parameters or {}).items():
            changes = self._by_status.setdefault(int(status), [])
            for key, value in mapping.items():
                operation, _, target = key.partition(":")
                changes.append((operation, target.removeprefix("header.").lower(), compile_value(value)))

    def apply(self, x: Exchange, response: Response) -> Response:
        changes = self._by_status.get(response.status)
        if not changes:
            return response
        body = response.body if isinstance(response.body, bytes) else b""
        answer = Answer(response.status, response.headers, body)
        status, headers = response.status, response.headers
        for operation, target, source in changes:
            value = None if operation == "remove" else source(x, answer)
            if target == "statuscode":
                if value is not None and value.isdigit() and 200 <= int(value) <= 599:
                    status = int(value)
                continue
            if operation == "append":
                if value is not None:
                    headers = [*headers, (target, value)]
                continue
            headers = [line for line in headers if line[0].lower() != target]
            if operation == "overwrite" and value is not None:
                headers.append((target, value))
        return Response(status, headers, response.body)
