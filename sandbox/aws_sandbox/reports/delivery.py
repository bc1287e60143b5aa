"""Delivery of reports: what the service does at night, or when StartReportJob is called.

Objects are put as the service-linked role of the plan's account, so bucket and key policies decide.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from botocore.exceptions import ClientError

from aws_sandbox.reports.files import (
    SPLIT_BYTES,
    Template,
    csv_files,
    fields,
    json_file,
    rows,
)
from aws_sandbox.reports.inventory import SeededNumbers
from aws_sandbox.reports.report_plans import (
    ReportedOrganization,
    ReportError,
    ReportPlan,
    example,
    file_name,
    folder,
    read_plan,
    resolve,
)
from aws_sandbox.reports.restore_tests import COLUMNS, restore_test_rows
from aws_sandbox.reports.rows import Profile, Row, Window

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_s3 import S3Client

SERVICE_ROLE = "AWSServiceRoleForBackupReports"
SERVICE_ROLE_PATH = "/aws-service-role/reports.backup.amazonaws.com/"


@dataclass(frozen=True, kw_only=True)
class DeliveryAccess:
    """How a delivery reaches the sandbox's accounts."""

    administrator: "Callable[[str, str], Session]"
    """(account, Region) → a session that may read plans, roles and the organization."""
    service_role: "Callable[[str, str], Session]"
    """(role ARN, Region) → a session of that role, as its service has one."""
    management_account: "Callable[[str], str]"
    """Account → the management account of its organization."""
    regions: Sequence[str]
    """The Regions where report plans are looked for, and what `*` stands for."""


@dataclass(frozen=True, kw_only=True)
class ReportJob:
    """What DescribeReportJob tells of a delivery."""

    id: str
    plan_arn: str
    template: str
    status: Literal["COMPLETED", "FAILED"]
    message: str = ""
    created: datetime
    completed: datetime
    bucket: str
    keys: Sequence[str] = field(default_factory=tuple[str, ...])
    bytes: int = 0

    def described(self) -> Mapping[str, Any]:
        """The ReportJob structure of AWS Backup's API, times in seconds since 1970."""
        return {
            "ReportJobId": self.id,
            "ReportPlanArn": self.plan_arn,
            "ReportTemplate": self.template,
            "CreationTime": self.created.timestamp(),
            "CompletionTime": self.completed.timestamp(),
            "Status": self.status,
            **({"StatusMessage": self.message} if self.message else {}),
            "ReportDestination": {"S3BucketName": self.bucket, "S3Keys": list(self.keys)},
        }


@dataclass(frozen=True, kw_only=True)
class Making:
    """How reports are made, beside what their plan says."""

    profile: Profile = field(default_factory=Profile)
    split_bytes: int = SPLIT_BYTES
    organization: ReportedOrganization | None = None
    """Reported on instead of the accounts that a plan over several accounts resolves to."""


def deliver(
    plan: ReportPlan, at: datetime, access: DeliveryAccess, making: Making | None = None
) -> ReportJob:
    """Makes one report of the 24 hours before `at` and puts its files into the plan's bucket."""
    return Courier(access, making).deliver(plan, at)


class Courier:
    """Delivers reports; keeps its clients, and each plan's accounts, while it is used."""

    def __init__(self, access: DeliveryAccess, making: Making | None = None) -> None:
        self._access = access
        self._making = making or Making()
        self._buckets: dict[tuple[str, str], S3Client] = {}
        self._organizations: dict[str, ReportedOrganization] = {}

    def deliver(self, plan: ReportPlan, at: datetime, *, scheduled: bool = False) -> ReportJob:
        """Never raises for what AWS would refuse: the job then ends FAILED and says why."""
        created, keys, size = datetime.now(UTC), list[str](), 0
        message = ""
        try:
            s3 = self._s3(plan)
            for key, body in self._objects(plan, at, scheduled=scheduled):
                s3.put_object(
                    Bucket=plan.bucket, Key=key, Body=body, ACL="bucket-owner-full-control"
                )
                keys.append(key)
                size += len(body)
        except ReportError as error:
            message = str(error)
        except ClientError as error:
            failure = error.response.get("Error", {})
            message = (
                f"{error.operation_name} for {plan.bucket} as {SERVICE_ROLE}: "
                f"{failure.get('Code')}: {failure.get('Message')}"
            )
        return ReportJob(
            id=str(uuid4()),
            plan_arn=plan.arn,
            template=plan.template,
            status="FAILED" if message else "COMPLETED",
            message=message,
            created=created,
            completed=datetime.now(UTC),
            bucket=plan.bucket,
            keys=tuple(keys),
            bytes=size,
        )

    def _s3(self, plan: ReportPlan) -> "S3Client":
        """A client as the service-linked role; ScopeError when nobody has created the role."""
        place = plan.account, plan.region
        if place not in self._buckets:
            arn = f"arn:aws:iam::{plan.account}:role{SERVICE_ROLE_PATH}{SERVICE_ROLE}"
            iam = self._access.administrator(*place).client("iam")
            try:
                iam.get_role(RoleName=SERVICE_ROLE)
            except iam.exceptions.NoSuchEntityException as error:
                raise ReportError(
                    f"the service-linked role {arn} does not exist: create it for "
                    "reports.backup.amazonaws.com (iam:CreateServiceLinkedRole)"
                ) from error
            self._buckets[place] = self._access.service_role(arn, plan.region).client("s3")
        return self._buckets[place]

    def _organization(self, plan: ReportPlan) -> ReportedOrganization:
        if plan.arn not in self._organizations:
            self._organizations[plan.arn] = resolve(
                plan, partial(self._organizations_client, plan.account), self._access.regions
            )
        given = self._making.organization
        return given if given and plan.across_accounts else self._organizations[plan.arn]

    def _organizations_client(self, account: str) -> "OrganizationsClient":
        management_account = self._access.management_account(account)
        session = self._access.administrator(management_account, "us-east-1")
        return session.client("organizations")

    def _restore_tests(
        self, organization: ReportedOrganization, window: Window, columns: Sequence[str]
    ) -> Iterator[Row]:
        for account in organization.accounts:
            for region in organization.regions:
                backup = self._access.administrator(account.id, region).client("backup")
                yield from restore_test_rows(backup, account, region, window, columns)

    def _objects(
        self, plan: ReportPlan, at: datetime, *, scheduled: bool
    ) -> Iterator[tuple[str, bytes]]:
        """Keys and contents of one report's files."""
        if plan.template not in set(Template):
            known = ", ".join(Template)
            raise ReportError(f"the sandbox makes no {plan.template}; it makes: {known}")
        template, making = Template(plan.template), self._making
        organization = self._organization(plan)
        columns = fields(template, across_accounts=plan.across_accounts)
        where = folder(prefix=plan.prefix, layout=plan.layout, at=at, plan=plan.name)
        window = Window(end=at)
        called = partial(
            file_name,
            template=template,
            plan=plan.name,
            period=(window.start, window.end),
            scheduled=scheduled,
        )
        content = partial(rows, template, organization, making.profile, window)
        if template is Template.RESTORE_JOB_REPORT and making.organization is None:
            tests = list(self._restore_tests(organization, window, columns))
            if tests:
                content = partial(_with_restore_tests, content, tests)
                columns = tuple(dict.fromkeys((*columns, *COLUMNS)))
        if "CSV" in plan.formats:
            files = csv_files(content(), columns, split_bytes=making.split_bytes)
            for part, file in enumerate(files, start=1):
                yield where + called(part=part), file
        if "JSON" in plan.formats:
            yield where + called(part=1, extension="json"), json_file(content(), columns)


def _with_restore_tests(generated: Callable[[], Iterable[Row]], tests: list[Row]) -> Iterator[Row]:
    yield from ({**dict.fromkeys(COLUMNS, ""), **row} for row in generated())
    yield from tests


def report_plans(access: DeliveryAccess, accounts: Iterable[str]) -> Iterator[ReportPlan]:
    """Every report plan of these accounts in the sandbox's Regions."""
    for account in accounts:
        for region in access.regions:
            backup = access.administrator(account, region).client("backup")
            answer = backup.list_report_plans()
            yield from map(read_plan, answer["ReportPlans"])
            while token := answer.get("NextToken"):
                answer = backup.list_report_plans(NextToken=token)
                yield from map(read_plan, answer["ReportPlans"])


def nightly(plan: ReportPlan, day: date) -> datetime:
    """When the plan's report of a day is made: the same time every night, between 1 and 5 UTC."""
    seconds = 3600 * (1 + 4 * SeededNumbers(plan.arn).share(0))
    return datetime.combine(day, time(), UTC) + timedelta(seconds=int(seconds))


def deliver_days(
    plans: Iterable[ReportPlan],
    days: Iterable[date],
    access: DeliveryAccess,
    making: Making | None = None,
) -> Iterator[ReportJob]:
    """The nightly reports of several plans and days, day by day."""
    known, courier = list(plans), Courier(access, making)
    for day in days:
        for plan in known:
            yield courier.deliver(plan, nightly(plan, day), scheduled=True)


def last_days(last: date, count: int) -> Sequence[date]:
    """`count` days up to and with the last one."""
    return [last - timedelta(days=back) for back in reversed(range(count))]


def control_handler(
    access: DeliveryAccess, accounts: Sequence[str]
) -> Callable[[Mapping[str, Any]], Any]:
    """`reports.deliver`, for the plans of these accounts.

    Takes, all optional: `date` (the last day, today), `days` (1), `plans` (names or ARNs, all),
    `volume` (backup jobs of an account and Region a day), `seed`, and `accounts` (report as if the
    organization had this many). Answers with the report jobs, the objects' number and their bytes.
    """
    known = {"date", "days", "plans", "volume", "seed", "accounts"}

    def handle(request: Mapping[str, Any]) -> Any:
        if unknown := set(request) - known:
            raise ValueError(f"reports.deliver does not know {', '.join(sorted(unknown))}")
        last = date.fromisoformat(request.get("date") or str(datetime.now(UTC).date()))
        standard = Profile()
        making = Making(
            profile=Profile(
                seed=int(request.get("seed", standard.seed)),
                jobs_per_day=int(request.get("volume", standard.jobs_per_day)),
            ),
            organization=(
                example(int(request["accounts"]), tuple(access.regions))
                if "accounts" in request
                else None
            ),
        )
        plans = _chosen(list(report_plans(access, accounts)), request.get("plans") or ())
        days = last_days(last, int(request.get("days", 1)))
        jobs = list(deliver_days(plans, days, access, making))
        return {
            "jobs": [job.described() for job in jobs],
            "objects": sum(len(job.keys) for job in jobs),
            "bytes": sum(job.bytes for job in jobs),
        }

    return handle


def _chosen(plans: Sequence[ReportPlan], names: Sequence[str]) -> Sequence[ReportPlan]:
    if missing := [name for name in names if not any(name in (p.name, p.arn) for p in plans)]:
        there = ", ".join(sorted(plan.name for plan in plans)) or "none"
        raise ValueError(f"no report plan {', '.join(missing)}; there are: {there}")
    return [plan for plan in plans if not names or plan.name in names or plan.arn in names]
