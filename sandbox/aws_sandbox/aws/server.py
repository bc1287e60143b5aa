"""The AWS endpoint, served on the loopback interface with its organizations ready to be used.

werkzeug's own handler closes every connection and waits after each request for stray input; ours
reads a request whole before it is answered, so the connection can serve the next one.
"""

import threading
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from typing_extensions import override
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.clock import Ageing, Clock, utc_now
from aws_sandbox.aws.context import Emit, Ids, Services, StartReport
from aws_sandbox.aws.endpoint import Endpoint
from aws_sandbox.aws.membership import organization_backend, seed
from aws_sandbox.aws.organization import Organization, together
from aws_sandbox.aws.principals import Sessions
from aws_sandbox.boto import boto_session
from aws_sandbox.control import ControlApi
from aws_sandbox.journal import Journal

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


_TWELVE_HOURS = 43_200


def _emit_nothing(_account: str, _region: str, _event: Mapping[str, Any]) -> None:
    """Where no pump carries events."""


def _start_no_report(_account: str, _region: str, _job_id: str) -> None:
    """Where nothing delivers reports: the job stays CREATED."""


class AwsServer:
    """AWS for some organizations on one address of the loopback interface.

    A process has one: moto's state belongs to the process.
    """

    def __init__(
        self,
        *organizations: Organization,
        emit: Emit = _emit_nothing,
        start_report: StartReport = _start_no_report,
        journal: Journal | None = None,
        control: ControlApi | None = None,
        clock: Clock = utc_now,
        ids: Ids | None = None,
        port: int = 0,
    ) -> None:
        ageing = Ageing(clock)
        sessions = Sessions(clock, ageing)
        self.organizations = together(organizations or (Organization(),))
        self._creating = threading.Lock()
        self.services = Services(
            access=Access(sessions, clock),
            sessions=sessions,
            journal=journal or Journal(),
            emit=emit,
            start_report=start_report,
            clock=clock,
            ageing=ageing,
            ids=ids or Ids(),
        )
        self._http = HttpServer(Endpoint(self.services, control or ControlApi()), port)

    @property
    def url(self) -> str:
        return self._http.url

    def start(self) -> None:
        for organization in self.organizations:
            seed(organization)
        self._http.start()

    def stop(self) -> None:
        self._http.stop()

    def create_organization(self, organization: Organization) -> None:
        """Adds one while the server runs, or what one of the same id lacks yet.

        Raises ValueError where an account or an id is another organization's.
        """
        with self._creating:
            others = [each for each in self.organizations if not each.same(organization)]
            self.organizations = together((*others, organization))
            seed(organization)

    def organization_of(self, account: str) -> Organization:
        """The organization that an account is a member of; ValueError when it is in none."""
        backend = organization_backend(account)
        for organization in self.organizations:
            if backend is not None and organization.management_account == backend.account_id:
                return organization
        raise ValueError(f"the account {account} is in no organization of this sandbox")

    def session(self, account: str, region: str) -> boto3.Session:
        """Acts as an account's administrator role for twelve hours."""
        return self.role_session(self.organization_of(account).role_arn(account), region)

    def role_session(self, role_arn: str, region: str) -> boto3.Session:
        """Acts as any role, without asking its trust policy: for tests and for the sandbox."""
        session = self.services.sessions.issue(role_arn, "sandbox", _TWELVE_HOURS)
        return boto_session(
            self.url,
            region,
            access_key_id=session.access_key_id,
            secret_access_key=session.secret_access_key,
            session_token=session.session_token,
        )
