"""The Lambda Runtime API (2018-06-01) for one process, on a port of its own on 127.0.0.1."""

import re
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aws_sandbox.functions.exchange import End, Exchange, Outcome

_BASE = "/2018-06-01/runtime"
_INVOCATION = re.compile(rf"{_BASE}/invocation/([0-9a-f-]+)/(response|error)")


class RuntimeApi(ThreadingHTTPServer):
    """Serves one process's exchange until it is closed."""

    daemon_threads = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exchange = exchange
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port, as `AWS_LAMBDA_RUNTIME_API` holds it."""
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self._closed = True
        self.exchange.close()
        socket.create_connection(("127.0.0.1", self.server_port)).close()  # wakes the wait below
        self._thread.join()
        self.server_close()

    def _serve(self) -> None:
        while not self._closed:  # unlike serve_forever, nothing here polls
            self.handle_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a killed process left behind is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write a response and no Nagle: else delayed acknowledgements cost 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _exchange(self) -> Exchange:
        assert isinstance(self.server, RuntimeApi)
        return self.server.exchange

    def do_GET(self) -> None:
        if self.path != f"{_BASE}/invocation/next":
            return self._answer(HTTPStatus.NOT_FOUND)
        call = self._exchange.take()
        if call is None:
            self.close_connection = True
            return None
        return self._answer(
            HTTPStatus.OK,
            call.event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": call.request_id,
                "Lambda-Runtime-Deadline-Ms": str(call.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": call.function_arn,
                "Lambda-Runtime-Trace-Id": _trace_id(call.request_id),
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == f"{_BASE}/init/error":
            self._exchange.fail(Outcome(end=End.ERROR, body=body))
            return self._answer(HTTPStatus.ACCEPTED)
        invocation = _INVOCATION.fullmatch(self.path)
        if invocation is None:
            return self._answer(HTTPStatus.NOT_FOUND)
        end = End.RESPONSE if invocation[2] == "response" else End.ERROR
        known = self._exchange.finish(invocation[1], Outcome(end=end, body=body))
        return self._answer(HTTPStatus.ACCEPTED if known else HTTPStatus.BAD_REQUEST)

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _trace_id(request_id: str) -> str:
    digits = request_id.replace("-", "")
    return f"Root=1-{digits[:8]}-{digits[8:]};Parent={digits[:16]};Sampled=0"
