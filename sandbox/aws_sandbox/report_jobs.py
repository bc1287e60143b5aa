"""Report jobs: the generator's deliveries, kept where AWS Backup's API tells of them."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import boto3

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import REPORTS_SERVICE
from aws_sandbox.aws.backup.audit_manager import record_delivery
from aws_sandbox.aws.backup.state import backend_of
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.control import ControlApi
from aws_sandbox.reports.delivery import DeliveryAccess, control_handler, deliver
from aws_sandbox.reports.report_plans import read_plan

if TYPE_CHECKING:
    from mypy_boto3_backup.type_defs import ReportPlanTypeDef

log = logging.getLogger(__name__)


class ReportJobs:
    """Delivers what StartReportJob asks for, and the nights that `reports.deliver` asks for."""

    def __init__(self, server: Callable[[], AwsServer]) -> None:
        """`server` is asked when there is something to deliver."""
        self._server = server
        self._workers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reports")

    def add_controls(self, control: ControlApi) -> None:
        control.add("reports.deliver", self._deliver_nights)

    def _deliver_nights(self, given: Mapping[str, Any]) -> Any:
        """For every organization's plans, or those of `management_account`'s alone."""
        server, asked = self._server(), dict(given)
        chosen = asked.pop("management_account", None)
        accounts = [
            account.id
            for organization in server.organizations
            if chosen in (None, organization.management_account)
            for account in organization.accounts
        ]
        if not accounts:
            raise ValueError(f"{chosen} is no management account of an organization here")
        answer = control_handler(self._access(), accounts)(asked)
        for job in answer["jobs"]:
            record_delivery(server.services, job)
        return answer

    def start(self, account: str, region: str, job_id: str) -> None:
        """StartReportJob: the report is made soon, in a thread of its own."""
        self._workers.submit(self._make, account, region, job_id)

    def stop(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _make(self, account: str, region: str, job_id: str) -> None:
        server = self._server()
        backend = backend_of(account, region)
        name = backend.report_jobs[job_id]["ReportPlanName"]
        try:
            plan = read_plan(cast("ReportPlanTypeDef", backend.report_plan_documents[name]))
            job = deliver(plan, server.services.clock(), self._access())
            record_delivery(server.services, job.described(), job_id)
        except Exception:
            # Nobody waits for this thread's result: say it where the daemon's log is read.
            log.exception("report job %s of plan %s", job_id, name)
            backend.report_jobs[job_id]["Status"] = "FAILED"

    def _access(self) -> DeliveryAccess:
        server = self._server()
        return DeliveryAccess(
            administrator=server.session,
            service_role=self._service_role,
            management_account=lambda account: server.organization_of(account).management_account,
            regions=sorted({region for each in server.organizations for region in each.regions}),
        )

    def _service_role(self, role_arn: str, region: str) -> boto3.Session:
        """A session of the reports service's own role, as the service has one."""
        server = self._server()
        decision = server.services.access.check_trust(
            role_arn, REPORTS_SERVICE, source_account=Arn.parse(role_arn).account
        )
        if not decision.allowed:
            raise PermissionError(f"{REPORTS_SERVICE} cannot use {role_arn}: {decision.reason}")
        return server.role_session(role_arn, region)
