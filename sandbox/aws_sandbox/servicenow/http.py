"""HTTP or HTTPS on 127.0.0.1, one thread a request, and the one envelope for what is refused."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """One HTTP request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = "application/json;charset=UTF-8"


def json_answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(status=status, body=json.dumps(content).encode(), headers=headers or {})


class RefusedError(Exception):
    """What the instance refuses, in its envelope `{"error": {message, detail}, "status"}`."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}: {detail}")
        self.answer = json_answer(
            {"error": {"message": message, "detail": detail}, "status": "failure"},
            status,
            headers,
        )


Serve = Callable[[ApiRequest], Answer | None]
"""Answers a request; None ends its connection with a reset instead."""


class ThreadedServer:
    """Serves at `url` from `start` to `stop`."""

    def __init__(self, serve: Serve, port: int, tls: SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", port), _handler(serve))
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="servicenow", kwargs={"poll_interval": 0.02}
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(serve: Serve) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "ServiceNow"
        disable_nagle_algorithm = True
        wbufsize = -1  # an answer's head and body in one packet

        def _serve(self) -> None:
            answer = serve(self._call())
            if answer is None:
                self._reset()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

        def _call(self) -> ApiRequest:
            split = urlsplit(self.path)
            return ApiRequest(
                method=self.command,
                path=unquote(split.path),
                query=dict(parse_qsl(split.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )

        def _reset(self) -> None:
            """Ends the connection with RST instead of an answer."""
            self.close_connection = True
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: `ServiceNow.requests` has them."""

    return Handler
