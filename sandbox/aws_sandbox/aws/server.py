"""The AWS endpoint, put together and served, with its organizations ready to be used."""

import threading
from collections.abc import Mapping
from typing import Any

import boto3

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.context import Emit, Ids, Services, StartReport
from aws_sandbox.aws.directory import organization_backend
from aws_sandbox.aws.endpoint import Endpoint
from aws_sandbox.aws.http_server import HttpServer
from aws_sandbox.aws.organization import Organization, together
from aws_sandbox.aws.seed import seed
from aws_sandbox.aws.sessions import Clock, Sessions, utc_now
from aws_sandbox.boto import boto_session
from aws_sandbox.control import ControlApi
from aws_sandbox.journal import Journal

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
        sessions = Sessions(clock)
        self.organizations = together(organizations or (Organization(),))
        self._creating = threading.Lock()
        self.services = Services(
            access=Access(sessions, clock),
            sessions=sessions,
            journal=journal or Journal(),
            emit=emit,
            start_report=start_report,
            clock=clock,
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
