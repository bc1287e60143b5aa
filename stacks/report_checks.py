"""Checks of the settings under `reports`: what AWS Backup would refuse, and what would mix up."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from reports.raw_tables import PARTITION_KEYS
from reports.templates import TEMPLATES
from stacks import names
from stacks.check import Location, Problems, check
from stacks.report_settings import OwnReportPlan, Reports, ReportsBucket, ReportScope
from stacks.settings import CentralSettings, ManagementSettings, MemberSettings, StackSettings

_COMPLIANCE = ("control_compliance", "resource_compliance")
_LONGEST_NAME = 256
"""Of a report plan."""
_OF_THE_LAKE = {
    field: f"; of the lake over it, set reports.lake.{field}"
    for field in ("expire_after_days", "force_destroy")
}


def _over_reports(
    *reads: str,
) -> Callable[[Callable[[StackSettings, Reports], Problems]], None]:
    """Registers a check that runs where a stack has reports."""

    def register(function: Callable[[StackSettings, Reports], Problems]) -> None:
        @check(StackSettings, "reports", *reads)
        def _(settings: StackSettings) -> Problems:  # pyright: ignore[reportUnusedFunction]
            assert isinstance(settings, CentralSettings | MemberSettings)
            if settings.reports is not None:
                yield from function(settings, settings.reports)

    return register


@_over_reports()
def _a_member_reports_on_itself(s: StackSettings, reports: Reports) -> Problems:
    if isinstance(s, MemberSettings) and reports.scope != "account":
        yield (
            ("reports", "scope"),
            "must be account: only the management account and a delegated administrator of AWS "
            "Backup report on other accounts",
        )


@_over_reports()
def _a_scope_names_something(_: StackSettings, reports: Reports) -> Problems:
    if reports.scope == ReportScope():
        yield ("reports", "scope"), "names neither organizational_units nor accounts"


@_over_reports()
def _a_scope_names_each_thing_once(_: StackSettings, reports: Reports) -> Problems:
    if not isinstance(reports.scope, ReportScope):
        return
    for field in ("organizational_units", "accounts"):
        named: tuple[str, ...] = getattr(reports.scope, field)
        for position, id_ in enumerate(named):
            if id_ in named[:position]:
                yield ("reports", "scope", field, position), f"{id_} is named twice"


@_over_reports()
def _all_regions_stand_alone(_: StackSettings, reports: Reports) -> Problems:
    plans: list[tuple[Location, tuple[str, ...]]] = [(("reports", "regions"), reports.regions)]
    plans += [
        (("reports", "own_plans", position, "regions"), plan.regions)
        for position, plan in enumerate(reports.own_plans)
    ]
    for location, regions in plans:
        if "*" in regions and len(regions) > 1:
            yield location, 'has "*", which is all of them, beside others; keep one or the other'
        if len(set(regions)) < len(regions):
            yield location, "names a Region twice"


@_over_reports("region")
def _own_plans_are_what_aws_takes(s: StackSettings, reports: Reports) -> Problems:
    for position, plan in enumerate(reports.own_plans):
        where: Location = ("reports", "own_plans", position)
        here_only = plan.regions in ((), (s.region,))
        if "JSON" in plan.formats and not here_only:
            yield (*where, "formats"), "may hold JSON for the stack's own Region only: AWS's limit"
        if plan.framework_arns and plan.template not in _COMPLIANCE:
            yield (*where, "framework_arns"), f"mean nothing to {plan.template}: compliance only"
        if plan.framework_arns and not here_only:
            yield (
                (*where, "framework_arns"),
                "are refused by AWS for several Regions; leave them out: all frameworks count",
            )


@_over_reports("customer")
def _plans_are_told_apart(s: StackSettings, reports: Reports) -> Problems:
    named: dict[str, Location] = {}
    for template, plan in reports.plans.items():
        if plan is not None and plan.existing and plan.name is None:
            yield ("reports", "plans", template, "name"), "is required of a plan that exists"
    for location, name in _plan_names(s.customer, reports):
        if name in named:
            path = ".".join(str(part) for part in named[name])
            yield location, f"{name} is the name of {path} too"
        named[name] = location
    yield from _shards_have_names(reports, named)


def _shards_have_names(reports: Reports, named: Mapping[str, Location]) -> Problems:
    """An organization may grow, so that its plans are numbered from then on."""
    if reports.scope == "account":
        return
    most = len(f"_{reports.sharding.report_plan_quota}")
    for name, location in named.items():
        base, _, number = name.rpartition("_")
        if number.isdigit() and base in named and _is_sharded(reports, named[base]):
            path = ".".join(str(part) for part in named[base])
            yield location, f"{name} is what a shard of {path} may be called; take another"
        if len(name) > _LONGEST_NAME - most and _is_sharded(reports, location):
            yield (
                location,
                f"has {len(name)} characters, and a shard's number takes {most} more: "
                f"{_LONGEST_NAME - most} at most",
            )


def _is_sharded(reports: Reports, location: Location) -> bool:
    """Whether the plan whose name stands there is spread over several, where its scope is large."""
    _, kind, which, _ = location
    plan = reports.plans.get(str(which))
    return kind == "plans" and not (plan and plan.existing)


def _plan_names(customer: str, reports: Reports) -> Iterator[tuple[Location, str]]:
    for template in names.report_templates(reports):
        plan = reports.plans.get(template)
        name = plan.name if plan and plan.name else names.report_plan(customer, template)
        yield ("reports", "plans", template, "name"), name
    for position, own in enumerate(reports.own_plans):
        yield ("reports", "own_plans", position, "name"), own.name


@_over_reports()
def _prefixes_are_not_shared(_: StackSettings, reports: Reports) -> Problems:
    """Reports of one account, and JSON, never lie where the lake looks."""
    lake = {plan.prefix for plan in reports.plans.values() if plan and plan.prefix}
    for position, own in enumerate(reports.own_plans):
        if own.prefix in lake:
            yield (
                ("reports", "own_plans", position, "prefix"),
                f"{own.prefix} is the prefix of one of the lake's plans too; take another",
            )
    for (first, one), (second, other) in combinations(enumerate(reports.own_plans), 2):
        if one.prefix == other.prefix and _mixed(one, other):
            yield (
                ("reports", "own_plans", second, "prefix"),
                f"{other.prefix} is that of own_plans[{first}] too, in other formats",
            )


def _mixed(one: OwnReportPlan, other: OwnReportPlan) -> bool:
    return one.formats != other.formats


@_over_reports("organization")
def _the_bucket_is_whose_it_is_said_to_be(s: StackSettings, reports: Reports) -> Problems:
    bucket = reports.bucket
    where: Location = ("reports", "bucket")
    if bucket.existing and bucket.name is None:
        yield (*where, "name"), "is required of a bucket that exists"
    if bucket.account is not None and not bucket.existing:
        yield (*where, "existing"), "must be true for another account's bucket"
    if bucket.key_arn is not None and not bucket.existing:
        yield (*where, "key_arn"), "is for a bucket that exists; set encryption: own_key"
    yield from _nothing_is_set_on_what_is_not_ours(bucket, where)
    if bucket.copy_to_audit:
        if not isinstance(s, ManagementSettings):
            yield (*where, "copy_to_audit"), "is for reports in the management account"
        if s.organization.audit_account is None:
            yield (*where, "copy_to_audit"), "needs organization.audit_account"
        if bucket.existing:
            yield (
                (*where, "copy_to_audit"),
                "would replace the replication that an existing bucket may have; set it there",
            )


@_over_reports("role", "alerts_in")
def _central_stacks_do_not_wait_for_each_other(s: StackSettings, reports: Reports) -> Problems:
    """The audit stack would need the management account's alert bus first, and this the copies."""
    if isinstance(s, ManagementSettings) and reports.bucket.copy_to_audit and s.alerts_in == s.role:
        yield (
            ("alerts_in",),
            "is management, where the audit stack reads the alert bus, and this stack reads the "
            "audit stack's copies: neither could be deployed first; reports.bucket.copy_to_audit "
            "needs alerts_in: audit",
        )


def _nothing_is_set_on_what_is_not_ours(bucket: ReportsBucket, where: Location) -> Problems:
    ours = ReportsBucket.model_fields.keys() - {
        "name",
        "existing",
        "account",
        "key_arn",
        "copy_to_audit",
    }
    for field in sorted(ours & bucket.model_fields_set) if bucket.existing else ():
        yield (
            (*where, field),
            "is not set on a bucket that exists already: nothing of it is touched"
            + _OF_THE_LAKE.get(field, ""),
        )


@_over_reports()
def _reports_outlive_their_move(_: StackSettings, reports: Reports) -> Problems:
    move, end = (
        reports.bucket.transition_to_infrequent_access_after_days,
        reports.bucket.expire_after_days,
    )
    if move is not None and end is not None and end <= move:
        yield (
            ("reports", "bucket", "expire_after_days"),
            f"is {end}: no later than the move to Infrequent Access after {move} days",
        )


@_over_reports()
def _headers_name_each_column_once(_: StackSettings, reports: Reports) -> Problems:
    """As Athena demands of the raw table: its partition keys are columns too."""
    for template, header in reports.lake.headers.items():
        called: dict[str, str] = dict.fromkeys(PARTITION_KEYS, "the partition key")
        for position, title in enumerate(header):
            column = TEMPLATES[template].raw_name(title)
            reason = "has no letter or digit" if not column else None
            if column in called:
                reason = f"is column {column!r} of the raw table, as {called[column]} is"
            called.setdefault(column, repr(title))
            if reason is not None:
                yield (
                    ("reports", "lake", "headers", template, position),
                    f"{title!r} {reason}; where the reports have it so, leave {template} out of "
                    "headers: its curated table goes by header name, and has their rows",
                )
