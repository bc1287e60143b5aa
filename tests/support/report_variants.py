"""Variants of reports, and of guard rails, that settings allow and no example stack has, as
recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.examples import INVOKES, Case, example, recordings
from tests.support.guard_rail_variants import GUARD_RAILS, STACK
from tests.support.recorder import Answer, Recording
from tests.support.shared import shared

UNITS: Mapping[str, tuple[str, ...]] = {
    "ou-exam-11111111": ("333333333333",),
    "ou-exam-22222222": ("444444444444",),
}
THEIRS: Mapping[str, Any] = {"name": "theirs-reports", "existing": True}


@dataclass(frozen=True, kw_only=True)
class Variant:
    case: Case
    reads: tuple[str, ...] = ()
    """Variants of other stacks, whose exports it reads instead of the examples'."""


def variant(stack: str, *, reads: tuple[str, ...] = (), **own: Any) -> Variant:
    """An example stack of which some values differ."""
    case = example(stack)
    return Variant(case=Case(stack=stack, own={**case.own, **own}), reads=reads)


def with_invokes(wanted: Variant, more: Mapping[str, Answer]) -> Variant:
    case = wanted.case
    return Variant(case=Case(stack=case.stack, own=case.own, invokes={**INVOKES, **more}))


def management(*, frameworks: Mapping[str, Any] | None = None, **reports: Any) -> Variant:
    return variant("acme-management", reports=reports, frameworks=frameworks or {})


def organization(units: Mapping[str, tuple[str, ...]]) -> Mapping[str, Answer]:
    """What AWS answers about accounts that stand in units right below the root."""

    def children(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        below = units if asked["parentId"] == "r-exam" else ()
        return {"children": [{"id": id_, "name": id_, "arn": id_} for id_ in below]}

    def accounts(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"accounts": _active(units.get(asked["parentId"], ()))}

    everyone = [account for there in units.values() for account in there]
    return {
        "aws:organizations/getOrganization:getOrganization": {
            "id": "o-exampleorg1",
            "accounts": _active(everyone),
            "roots": [{"id": "r-exam"}],
        },
        "aws:organizations/getOrganizationalUnits:getOrganizationalUnits": children,
        "aws:organizations/getOrganizationalUnitChildAccounts"
        ":getOrganizationalUnitChildAccounts": accounts,
    }


def large(units: int, accounts_each: int) -> Mapping[str, Answer]:
    """An organization of many accounts, in units of one size."""
    return organization(
        {
            f"ou-exam-{unit:08d}": tuple(
                f"{unit:06d}{account:06d}" for account in range(accounts_each)
            )
            for unit in range(units)
        }
    )


def _active(accounts: tuple[str, ...] | list[str]) -> list[Mapping[str, str]]:
    return [{"id": account, "state": "ACTIVE"} for account in accounts]


VARIANTS: Mapping[str, Variant] = {
    "existing bucket": management(
        bucket={**THEIRS, "key_arn": "arn:aws:kms:eu-central-1:111111111111:key/theirs"}
    ),
    "another account's bucket": management(bucket={**THEIRS, "account": "222222222222"}),
    "existing plans": management(
        plans={
            "backup_job": {"name": "theirs_backups", "existing": True},
            "copy_job": {"name": "theirs_copies", "existing": True},
        }
    ),
    "S3's own key": management(bucket={"encryption": "s3_managed"}),
    "projection": management(lake={"partitions": "projection"}),
    "projection of one Region with a prefix": management(
        lake={"partitions": "projection"},
        regions=["eu-west-1"],
        plans={"backup_job": {"prefix": "jobs/nightly"}},
    ),
    "projection of one account": management(lake={"partitions": "projection"}, scope="account"),
    "templates off": management(plans={"copy_job": None, "resource_compliance": None}),
    "own plans": management(
        frameworks={"ours": {}},
        own_plans=[
            {"template": "control_compliance", "name": "own_controls", "prefix": "own-controls"},
            {
                "template": "backup_job",
                "name": "own_jobs",
                "prefix": "own",
                "formats": ["CSV", "JSON"],
                "description": "ours alone",
            },
        ],
    ),
    "no reports in management": variant("acme-management", reports=None),
    "reports in audit": variant("acme-audit", reports={}),
    "parts of the organization": with_invokes(
        management(
            scope={
                "organizational_units": list(UNITS),
                "accounts": ["333333333333", "222222222222"],
            }
        ),
        organization(UNITS),
    ),
    "a member's own": variant("acme-member-payments", reports={"scope": "account"}),
    "copies in audit": variant("acme-audit", reports_copy={"expire_after_days": 500}),
    "copies from management": variant(
        "acme-management", reports={"bucket": {"copy_to_audit": True}}, reads=("copies in audit",)
    ),
    "copies with S3's own key": variant(
        "acme-management",
        reports={"bucket": {"copy_to_audit": True, "encryption": "s3_managed"}},
        reads=("copies in audit",),
    ),
    "guard rails": variant(STACK, guard_rails=GUARD_RAILS),
    "links by a user": variant(
        "acme-audit",
        reports_mail={
            **example("acme-audit").own["reports_mail"],
            "sender": {"address": "backups@acme.example", "existing": True},
            "link": {"signer": "user", "valid_minutes": 10_080, "secret": "backup-org/links"},
        },
    ),
    "sharded": with_invokes(management(), large(4, 800)),
}


@cache
def recorded(name: str) -> Recording:
    return shared(name.replace(" ", "-"), lambda: recorded_as(VARIANTS[name]))


def recorded_as(wanted: Variant) -> Recording:
    """The stack, given what the examples export, or the variants that it reads."""
    exports = {stack: recording.exports for stack, recording in recordings().items()}
    exports |= {VARIANTS[read].case.stack: recorded(read).exports for read in wanted.reads}
    return wanted.case.run(exports)
