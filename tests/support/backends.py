"""An HTTP backend for integrations, on a thread: it tells what it got, echoes, fails and dawdles as its path says."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, self.path, list(self.headers.items()), body))
        kind, _, rest = parts.path.strip("/").partition("/")
        match kind:
            case "echo":
                self._answer(200, body, {"Content-Type": self.headers.get("content-type") or "text/plain"})
            case "status":
                code = int(rest)
                self._answer(code, json.dumps({"status_code": code, "message": ""}).encode(), {})
            case "raw":
                status, headers, content = self.server.answers[rest]
                self._answer(status, content, headers)
            case "hang":
                self.server.released.wait(20)
                self.close_connection = True
            case "reset":
                self.close_connection = True
            case "short":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
                self.close_connection = True
            case "garbage":
                self.wfile.write(b"this is no HTTP\r\n\r\n")
                self.close_connection = True
            case "until-close":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it")
                self.close_connection = True
            case "drip":  # one piece, then the rest when the test says so
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
                if self.server.released.wait(20) and rest != "cut":
                    self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")
                else:
                    self.close_connection = True
            case "chunked":
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                )
            case _:
                told = {
                    "method": self.command,
                    "path": parts.path,
                    "args": {name: ",".join(values) for name, values in parse_qs(parts.query).items()},
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "data": body.decode("utf-8", "replace"),
                }
                self._answer(200, json.dumps(told).encode(), {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        if not any(name.lower() == "content-type" for name in headers):
            self.send_header("Content-Type", "application/json")
        for name, value in (self.server.headers | headers).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def log_message(self, format: str, *args: Any) -> None:
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.headers = headers
        self.seen: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.released = threading.Event()


class Backend:
    """See the module. Use it as a context manager."""

    def __init__(self, *, headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        """`headers` are in every answer."""
        self._server = _Server(headers or {})
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self.seen = self._server.seen
        self.answers = self._server.answers
        self.released = self._server.released  # what hangs or drips goes on

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
