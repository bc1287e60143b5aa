"""Which accounts and Regions a report plan covers, and so which layout its keys have."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_sandbox.reports.keys import Scope
from aws_sandbox.reports.organization import Account, Organization

if TYPE_CHECKING:
    from mypy_boto3_backup.type_defs import ReportPlanTypeDef
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_organizations.type_defs import AccountTypeDef


class ScopeError(ValueError):
    """A report that AWS Backup could not make; the message is its report job's."""


@dataclass(frozen=True, kw_only=True)
class Plan:
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
    def scope(self) -> Scope:
        """The layout: a single Region keeps its name, several become `crossregion`."""
        regions = self.regions or (self.region,)
        single = regions[0] if len(regions) == 1 and regions[0] != "*" else None
        return Scope(account=None if self.across_accounts else self.account, region=single)


def read_plan(described: "ReportPlanTypeDef") -> Plan:
    """The plan as DescribeReportPlan and ListReportPlans give it."""
    setting = described.get("ReportSetting", {"ReportTemplate": ""})
    channel = described.get("ReportDeliveryChannel", {"S3BucketName": ""})
    return Plan(
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
    plan: Plan, organizations: "Callable[[], OrganizationsClient]", all_regions: Sequence[str]
) -> Organization:
    """The accounts and Regions of one report; raises ScopeError as the report job would fail.

    An OU stands for the accounts directly in it: whether AWS includes nested OUs is not documented.
    """
    if "JSON" in plan.formats and (plan.across_accounts or plan.scope.region is None):
        raise ScopeError("Organization report only support CSV file")
    regions = all_regions if "*" in plan.regions else plan.regions or (plan.region,)
    if not plan.across_accounts:
        own = Account(id=plan.account, name=plan.account, path_to_root="")
        return Organization(accounts=(own,), regions=regions)
    members = tuple(walk(organizations()))
    if "ROOT" in plan.accounts:
        return Organization(accounts=members, regions=regions)
    known = {member.id for member in members} | {unit for one in members for unit in _units(one)}
    if unknown := sorted({*plan.accounts, *plan.organizational_units} - known):
        raise ScopeError(
            f"not in the organization, or an OU without accounts: {', '.join(unknown)}"
        )
    chosen = {*plan.accounts, *plan.organizational_units}
    return Organization(
        accounts=tuple(
            member
            for member in members
            if member.id in chosen or member.path_to_root.rsplit("/", 1)[-1] in chosen
        ),
        regions=regions,
    )


def walk(client: "OrganizationsClient") -> Iterator[Account]:
    """Every active account of the organization, with its path to the root."""
    organization = client.describe_organization()["Organization"].get("Id", "")
    for root in client.list_roots()["Roots"]:
        root_id = root.get("Id", "")
        yield from _under(client, root_id, f"{organization}/{root_id}")


def _under(client: "OrganizationsClient", parent: str, path: str) -> Iterator[Account]:
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            if account.get("Status", "ACTIVE") == "ACTIVE":
                yield _account(account, path)
    units = client.get_paginator("list_organizational_units_for_parent")
    for page in units.paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            unit_id = unit.get("Id", "")
            yield from _under(client, unit_id, f"{path}/{unit_id}")


def _account(account: "AccountTypeDef", path: str) -> Account:
    return Account(id=account.get("Id", ""), name=account.get("Name", ""), path_to_root=path)


def _units(account: Account) -> Sequence[str]:
    return account.path_to_root.split("/")[2:]
