"""REST APIs for tests of the data plane: built by boto3 on a whole fogbank, called by plain HTTP."""

from __future__ import annotations

import http.client
import io
import json
import ssl
import zipfile
from dataclasses import dataclass
from typing import Any

from fogbank.testing.server import Fogbank

ROLE = "arn:aws:iam::000000000000:role/apigateway"
MOCK = {"application/json": '{"statusCode": 200}'}


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, read."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """All values of a header, joined; None when it is not there."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Gateways:
    """A fogbank and clients of it."""

    def __init__(self, server: Fogbank) -> None:
        self.server = server
        self.port = int(server.url.rpartition(":")[2])
        self.apigateway = server.client("apigateway")
        self.functions = server.client("lambda")
        self._functions: dict[str, str] = {}

    def function(self, code: str, *, runtime: str = "python3.11", file: str = "index.py") -> str:
        """The ARN of a function with this code (`handler` in `index`); one for each code."""
        found = self._functions.get(code)
        if found is None:
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as zipped:
                zipped.writestr(file, code)
            name = f"function-{len(self._functions)}"
            self.functions.create_function(
                FunctionName=name,
                Runtime=runtime,
                Role=ROLE,
                Handler="index.handler",
                Code={"ZipFile": archive.getvalue()},
                Timeout=20,
            )
            self.functions.get_waiter("function_active_v2").wait(FunctionName=name)
            found = self._functions[code] = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        return found

    def api(self, **members: Any) -> Api:
        made = self.apigateway.create_rest_api(name="api", **members)
        return Api(self, made["id"], made["rootResourceId"])

    def call(
        self,
        path: str,
        *,
        method: str = "GET",
        host: str | None = None,
        body: bytes | str | None = None,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        secure: bool = False,
    ) -> Reply:
        """One request, sent as it is given; `secure`: by TLS, which the same port speaks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if secure:
            unverified = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=unverified)
        try:
            connection.putrequest(method, path, skip_host=host is not None, skip_accept_encoding=True)
            items = list(headers.items() if isinstance(headers, dict) else headers or [])
            if host is not None:
                items.insert(0, ("Host", host))
            content = body.encode() if isinstance(body, str) else body
            if content is not None:
                items.append(("Content-Length", str(len(content))))
            for name, value in items:
                connection.putheader(name, value)
            connection.endheaders(content)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


class Api:
    """One API being built, and called."""

    def __init__(self, gateways: Gateways, api_id: str, root_id: str) -> None:
        self.gateways = gateways
        self.id = api_id
        self._resources = {"/": root_id}
        self.client = gateways.apigateway

    def resource(self, path: str) -> str:
        """The id of a resource, made with those above it."""
        found = self._resources.get(path)
        if found is None:
            parent, _, part = path.rpartition("/")
            made = self.client.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part
            )
            found = self._resources[path] = made["id"]
        return found

    def method(self, path: str, http_method: str = "GET", **members: Any) -> dict[str, str]:
        """A method; what names it, for further calls."""
        at = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": http_method}
        members.setdefault("authorizationType", "NONE")
        self.client.put_method(**at, **members)
        return at

    def integrate(
        self,
        at: dict[str, str],
        integration: dict[str, Any],
        responses: dict[str, dict[str, Any]] | None = None,
        method_responses: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        """An integration with its responses; method responses as they need."""
        self.client.put_integration(**at, **integration)
        for status, members in (responses or {}).items():
            wanted = (method_responses or {}).get(status, {})
            parameters = dict.fromkeys(members.get("responseParameters", {}), False)
            if parameters:
                wanted = {"responseParameters": parameters} | wanted
            self.client.put_method_response(**at, statusCode=status, **wanted)
            self.client.put_integration_response(**at, statusCode=status, **members)

    def mock(
        self, path: str, template: str = '{"ok": true}', http_method: str = "GET", **method: Any
    ) -> None:
        """A MOCK method that answers 200 with a template."""
        at = self.method(path, http_method, **method)
        response = {"responseTemplates": {"application/json": template}}
        self.integrate(at, {"type": "MOCK", "requestTemplates": MOCK}, {"200": response})

    def proxy(self, path: str, function: str, http_method: str = "ANY", **method: Any) -> None:
        """A Lambda proxy."""
        at = self.method(path, http_method, **method)
        self.client.put_integration(
            **at, type="AWS_PROXY", integrationHttpMethod="POST", uri=invocations(function)
        )

    def deploy(self, stage: str = "test", **members: Any) -> str:
        """Deploy to a stage; the deployment's id."""
        made: str = self.client.create_deployment(restApiId=self.id, stageName=stage, **members)["id"]
        return made

    def patch_stage(self, *operations: tuple[str, str, str], stage: str = "test") -> None:
        """`("replace", "/variables/x", "1")`."""
        self.client.update_stage(
            restApiId=self.id,
            stageName=stage,
            patchOperations=[{"op": op, "path": path, "value": value} for op, path, value in operations],
        )

    @property
    def host(self) -> str:
        return f"{self.id}.execute-api.us-east-1.amazonaws.com"

    def call(self, path: str = "/", *, stage: str = "test", **request: Any) -> Reply:
        """A request to a stage, by the API's host name."""
        return self.gateways.call(f"/{stage}{path}", host=self.host, **request)


def invocations(function: str) -> str:
    """The URI of a function for integrations and authorizers."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
