"""Report plans: which accounts and Regions one covers, and where its files go."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING


@dataclass(frozen=True, kw_only=True)
class ReportedAccount:
    """One account of the organization."""

    id: str
    """12 digits."""
    name: str
    path_to_root: str
    """`OrganizationId/RootId/OuId`, as reports carry it."""


@dataclass(frozen=True, kw_only=True)
class ReportedOrganization:
    """The accounts and Regions that one report covers."""

    accounts: Sequence[ReportedAccount]
    regions: Sequence[str]


def example(
    accounts: int, regions: Sequence[str] = ("eu-central-1", "eu-west-1", "us-east-1")
) -> ReportedOrganization:
    """An organization of any size: accounts 900000000001…, spread over four OUs."""
    return ReportedOrganization(
        accounts=tuple(
            ReportedAccount(
                id=f"9{number:011d}",
                name=f"member-{number:03d}",
                path_to_root=f"o-exampleorg1/r-exam/ou-exam-{number % 4 + 1:08d}",
            )
            for number in range(1, accounts + 1)
        ),
        regions=tuple(regions),
    )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which of the four layouts: one account or several, one Region or several."""

    account: str | None
    """12 digits; None for a report over several accounts."""
    region: str | None
    """None for a report over several Regions."""

    @property
    def folder(self) -> str:
        return f"{self.account or 'crossaccount'}/{self.region or 'crossregion'}"


def folder(*, prefix: str, layout: Layout, at: datetime, plan: str) -> str:
    """The plan's folder of a day: `[prefix/]Backup/{account}/{Region}/{y}/{m}/{d}/{plan}/`."""
    start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return f"{start}Backup/{layout.folder}/{at:%Y/%m/%d}/{plan}/"


def file_name(
    *,
    template: str,
    plan: str,
    period: tuple[datetime, datetime],
    part: int,
    scheduled: bool,
    extension: str = "csv",
) -> str:
    """A file's name as two were seen, one on demand and one scheduled; AWS documents none. Their
    colons are among what S3 URL-encodes in its notifications.

        BACKUP_JOB_REPORT_<plan>_2022-07-02T19:48:17Z_2022-07-03T19:48:17Z.csv
        backup_job_report_<plan>_2022-07-05t00:00:00z_2022-07-06t00:00:00z_1.json

    How the further parts of one on demand are called was not seen: here they are numbered too. The
    same plan, period and part give the same name, so that a second delivery overwrites.
    """
    start, end = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in period)
    name = f"{template}_{plan}_{start}_{end}"
    if scheduled:
        return f"{name.lower()}_{part}.{extension}"
    return f"{name}_{part}.{extension}" if part > 1 else f"{name}.{extension}"


if TYPE_CHECKING:
    from mypy_boto3_backup.type_defs import ReportPlanTypeDef
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_organizations.type_defs import AccountTypeDef


class ReportError(ValueError):
    """A report that AWS Backup could not make; the message is its report job's."""


@dataclass(frozen=True, kw_only=True)
class ReportPlan:
    """What a delivery needs of a report plan."""

    arn: str
    name: str
    template: str
    bucket: str
    prefix: str = ""
    formats: Sequence[str] = ("CSV",)
    accounts: Sequence[str] = field(default_factory=tuple[str, ...])
    """`ROOT`, or account ids; neither these nor OUs: the plan's own account."""
    organizational_units: Sequence[str] = field(default_factory=tuple[str, ...])
    regions: Sequence[str] = field(default_factory=tuple[str, ...])
    """`*` for all; none for the plan's own."""

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def across_accounts(self) -> bool:
        return bool(self.accounts or self.organizational_units)

    @property
    def layout(self) -> Layout:
        """The layout: a single Region keeps its name, several become `crossregion`."""
        regions = self.regions or (self.region,)
        single = regions[0] if len(regions) == 1 and regions[0] != "*" else None
        return Layout(account=None if self.across_accounts else self.account, region=single)


def read_plan(described: "ReportPlanTypeDef") -> ReportPlan:
    """The plan as DescribeReportPlan and ListReportPlans give it."""
    setting = described.get("ReportSetting", {"ReportTemplate": ""})
    channel = described.get("ReportDeliveryChannel", {"S3BucketName": ""})
    return ReportPlan(
        arn=described.get("ReportPlanArn", ""),
        name=described.get("ReportPlanName", ""),
        template=setting["ReportTemplate"],
        bucket=channel["S3BucketName"],
        prefix=channel.get("S3KeyPrefix") or "",
        formats=tuple(channel.get("Formats") or ("CSV",)),
        accounts=tuple(setting.get("Accounts") or ()),
        organizational_units=tuple(setting.get("OrganizationUnits") or ()),
        regions=tuple(setting.get("Regions") or ()),
    )


def resolve(
    plan: ReportPlan, organizations: "Callable[[], OrganizationsClient]", all_regions: Sequence[str]
) -> ReportedOrganization:
    """The accounts and Regions of one report; raises ScopeError as the report job would fail.

    An OU stands for the accounts directly in it: whether AWS includes nested OUs is not documented.
    """
    if "JSON" in plan.formats and (plan.across_accounts or plan.layout.region is None):
        raise ReportError("Organization report only support CSV file")
    regions = all_regions if "*" in plan.regions else plan.regions or (plan.region,)
    if not plan.across_accounts:
        own = ReportedAccount(id=plan.account, name=plan.account, path_to_root="")
        return ReportedOrganization(accounts=(own,), regions=regions)
    members = tuple(walk(organizations()))
    if "ROOT" in plan.accounts:
        return ReportedOrganization(accounts=members, regions=regions)
    known = {member.id for member in members} | {unit for one in members for unit in _units(one)}
    if unknown := sorted({*plan.accounts, *plan.organizational_units} - known):
        raise ReportError(
            f"not in the organization, or an OU without accounts: {', '.join(unknown)}"
        )
    chosen = {*plan.accounts, *plan.organizational_units}
    return ReportedOrganization(
        accounts=tuple(
            member
            for member in members
            if member.id in chosen or member.path_to_root.rsplit("/", 1)[-1] in chosen
        ),
        regions=regions,
    )


def walk(client: "OrganizationsClient") -> Iterator[ReportedAccount]:
    """Every active account of the organization, with its path to the root."""
    organization = client.describe_organization()["Organization"].get("Id", "")
    for root in client.list_roots()["Roots"]:
        root_id = root.get("Id", "")
        yield from _under(client, root_id, f"{organization}/{root_id}")


def _under(client: "OrganizationsClient", parent: str, path: str) -> Iterator[ReportedAccount]:
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            if account.get("Status", "ACTIVE") == "ACTIVE":
                yield _account(account, path)
    units = client.get_paginator("list_organizational_units_for_parent")
    for page in units.paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            unit_id = unit.get("Id", "")
            yield from _under(client, unit_id, f"{path}/{unit_id}")


def _account(account: "AccountTypeDef", path: str) -> ReportedAccount:
    return ReportedAccount(
        id=account.get("Id", ""), name=account.get("Name", ""), path_to_root=path
    )


def _units(account: ReportedAccount) -> Sequence[str]:
    return account.path_to_root.split("/")[2:]
