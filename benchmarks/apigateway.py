"""API Gateway's data plane: REST APIs behind the real server, requests per second and latency.

    python benchmarks/apigateway.py [--strict]

Lambda proxy, MOCK, a cache hit, HTTP_PROXY, a route among many. References in the same run: a constant answer of the barest
HTTP server, and that server behind nginx, where that is installed, for HTTP_PROXY. The load generator runs on the same machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import REGION, Load, Report, Running, echo_server, load

MOCK = {"application/json": '{"statusCode": 200}'}
HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n"
SECONDS = 3.0


class Apis:
    """REST APIs of one running fogbank."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.client = server.client("apigateway")

    def make(self, routes: dict[str, dict[str, Any]], *, cached: bool = False) -> str:
        """An API with a GET method for each path; its id."""
        api = self.client.create_rest_api(name="bench", endpointConfiguration={"types": ["REGIONAL"]})
        ids = {"/": api["rootResourceId"]}
        for path, integration in routes.items():
            above = ""
            for part in path.strip("/").split("/"):
                here = f"{above}/{part}"
                if here not in ids:
                    made = self.client.create_resource(
                        restApiId=api["id"], parentId=ids[above or "/"], pathPart=part
                    )
                    ids[here] = made["id"]
                above = here
            at = {"restApiId": api["id"], "resourceId": ids[path], "httpMethod": "GET"}
            self.client.put_method(**at, authorizationType="NONE")
            self.client.put_integration(**at, **integration)
            if integration["type"] == "MOCK":
                self.client.put_method_response(**at, statusCode="200")
                templates = {"application/json": '{"id": "$input.params(\'id\')", "at": "$context.stage"}'}
                self.client.put_integration_response(**at, statusCode="200", responseTemplates=templates)
        self.client.create_deployment(
            restApiId=api["id"],
            stageName="s",
            **({"cacheClusterEnabled": True, "cacheClusterSize": "0.5"} if cached else {}),
        )
        if cached:
            operations = [{"op": "replace", "path": "/*/*/caching/enabled", "value": "true"}]
            self.client.update_stage(restApiId=api["id"], stageName="s", patchOperations=operations)
        return str(api["id"])

    def load(self, api_id: str, path: str, connections: int, expect: bytes, seconds: float = SECONDS) -> Load:
        host = f"{api_id}.execute-api.{REGION}.localhost"
        request = (
            f"GET /s{path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n".encode()
        )
        load(self.server.host, self.server.port, [request], connections, seconds=0.5, expect=expect)
        return load(
            self.server.host, self.server.port, [request], connections, seconds=seconds, expect=expect
        )


@contextmanager
def nginx(backend: int) -> Iterator[int | None]:
    """nginx that proxies to a port, on a port of its own; None where it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        yield None
        return
    folder = tempfile.mkdtemp(prefix="fogbank-nginx-")
    port = backend + 1 if backend < 65_000 else backend - 1
    config = f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
          fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
          upstream back {{ server 127.0.0.1:{backend}; keepalive 64; }}
          server {{ listen 127.0.0.1:{port}; keepalive_requests 10000000;
            location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
    """
    Path(folder, "nginx.conf").write_text(config)
    process = subprocess.Popen(
        [program, "-c", f"{folder}/nginx.conf", "-p", folder], stderr=subprocess.DEVNULL
    )
    time.sleep(0.3)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    report = Report()
    with Running() as server, echo_server() as backend:
        apis = Apis(server)
        function = server.function("hello", HANDLER)
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
        mock = {"type": "MOCK", "requestTemplates": MOCK}
        proxy = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
        http = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"http://127.0.0.1:{backend}/x"}
        one = apis.make({"/mock/{id}": mock, "/lambda": proxy, "/http": http})
        cached = apis.make({"/mock/{id}": mock}, cached=True)
        many = apis.make({f"/r{index}/{{id}}": mock for index in range(140)})

        least = load("127.0.0.1", backend, [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], 50, seconds=2.0).per_s
        for name, api, path, expect, target in (
            ("MOCK", one, "/mock/7", b'"id": "7"', 15_000),
            ("a cache hit", cached, "/mock/7", b'"id": "7"', 15_000),
            ("MOCK, one of 140 routes", many, "/r100/7", b'"id": "7"', 15_000),
            ("Lambda proxy", one, "/lambda", b"hello", 5_000),
        ):
            crowd, single = apis.load(api, path, 50, expect), apis.load(api, path, 1, expect, seconds=1.5)
            report.figure(
                f"{name}, 50 connections", crowd.per_s, "/s", reference=least, of="the least", target=target
            )
            report.figure(
                f"{name}, one connection, p50", single.p50_ms, "ms", reference=0.5, of="0.5 ms", target=0.5
            )
        with nginx(backend) as port:
            of, proxied = "the least", least
            if port is not None:
                of = "nginx"
                proxied = load(
                    "127.0.0.1", port, [b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"], 50, seconds=2.0
                ).per_s
            crowd = apis.load(one, "/http", 50, b"{}")
            report.figure(
                "HTTP_PROXY, 50 connections", crowd.per_s, "/s", reference=proxied, of=of, target=8_000
            )
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
