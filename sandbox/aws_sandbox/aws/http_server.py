"""A threaded HTTP server on the loopback interface, with keep-alive and without Nagle's delay.

werkzeug's own handler closes every connection and waits after each request for stray input; ours
reads a request whole before it is answered, so the connection can serve the next one.
"""

import threading
from io import BytesIO
from typing import TYPE_CHECKING, Any

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from typing_extensions import override
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
_STOP_SECONDS = 0.05
"""How long a stop may go unnoticed."""


class KeepAliveHandler(WSGIRequestHandler):
    """Reads the request to its end, answers with a length, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    @override
    def make_environ(self) -> "WSGIEnvironment":
        """Keeps S3 metadata names with an underscore, which werkzeug drops, as moto wants them."""
        environ = super().make_environ()
        preserved = {
            environ_key_for_header(name): name
            for name in self.headers
            if should_preserve_original_header_name(name)
        }
        environ |= {key: self.headers[name] for key, name in preserved.items()}
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
        return environ

    @override
    def run_wsgi(self) -> None:
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        content = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        head = self.command == "HEAD"
        length = headers.get("Content-Length", "0") if head else str(len(content))
        if int(code) != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if not head:
            self.wfile.write(content)
        self.wfile.flush()

    @override
    def handle_expect_100(self) -> bool:
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    @override
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Quiet: what was refused stands in the journal."""


class HttpServer:
    """A WSGI application served from a thread of its own until it is stopped."""

    def __init__(self, app: "WSGIApplication", port: int = 0) -> None:
        self._server: BaseWSGIServer = make_server(
            HOST, port, app, threaded=True, request_handler=KeepAliveHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _STOP_SECONDS},
            name=f"http-{self.port}",
            daemon=True,
        )

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stops listening; requests under way are answered or dropped with the process."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
