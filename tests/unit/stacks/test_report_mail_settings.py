"""Settings of scheduled reports: what does not fit together is told, all at once, with its cure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.customer_accounts import accounts_of
from stacks.settings import AuditSettings
from tests.unit.stacks.conftest import ACME, MEMBER, problems

MAIL: Mapping[str, Any] = {
    "sender": {"address": "reports@acme.example"},
    "allowed_domains": ["acme.example"],
    "daily": {"recipients": ["backup@acme.example"]},
}
AUDIT: Mapping[str, Any] = {
    "extends": "acme",
    "role": "audit",
    "reports_mail_in": "audit",
    "reports_mail": MAIL,
}


def audit(root: Path, **change: Any) -> AuditSettings:
    settings = load.parse("acme-audit", {**AUDIT, "reports_mail": {**MAIL, **change}}, root)
    assert isinstance(settings, AuditSettings)
    return settings


def told(root: Path, **change: Any) -> list[str]:
    """What is wrong, without the file's name."""
    wrong = {**AUDIT, "reports_mail": {**MAIL, **change}}
    return [line.partition(": ")[2] for line in problems("acme-audit", wrong, root)]


def write(root: Path, stack: str, values: Mapping[str, Any]) -> None:
    path = root / load.CUSTOMERS / f"Pulumi.{stack}.yaml"
    path.write_text(json.dumps({"config": {load.KEY: values}}))


def test_each_cadence_has_a_schedule_of_its_own(root: Path) -> None:
    to = {"recipients": ["backup@acme.example"]}
    mail = audit(root, daily=to, weekly=to, monthly=to).reports_mail
    assert mail is not None
    assert {cadence: report.schedule for cadence, report in mail.scheduled.items()} == {
        "daily": "cron(0 7 * * ? *)",
        "weekly": "cron(0 7 ? * MON *)",
        "monthly": "cron(0 7 2 * ? *)",
    }


def test_what_does_not_fit_is_told_all_at_once(root: Path) -> None:
    found = told(
        root,
        daily={"recipients": ["a@elsewhere.example", "b@acme.example", "b@acme.example"]},
        failures_to=["c@elsewhere.example"],
        link={"valid_minutes": 90},
    )
    assert found == [
        "reports_mail.daily.recipients[0]: a@elsewhere.example is in none of allowed_domains: "
        "acme.example",
        "reports_mail.daily.recipients[2]: b@acme.example is named twice",
        "reports_mail.failures_to[0]: c@elsewhere.example is in none of allowed_domains: "
        "acme.example",
        "reports_mail.link.valid_minutes: is 90, but a link signed by a session lives for 60 at "
        "most; for longer, signer: user",
    ]


def test_a_part_of_an_allowed_domain_is_another_domain(root: Path) -> None:
    assert len(told(root, daily={"recipients": ["a@sub.acme.example"]})) == 1
    assert len(told(root, daily={"recipients": ["a@not-acme.example"]})) == 1


def test_reports_without_a_schedule_are_none(root: Path) -> None:
    assert told(root, daily=None) == [
        "reports_mail: schedules no report; write daily, weekly or monthly"
    ]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"signer": "user"}, "secret: is required by signer: user, whose key it holds"),
        ({"secret": "x"}, "secret: is of signer: user alone; leave it out"),
        (
            {"signer": "user", "secret": "x", "valid_minutes": 10_081},
            "valid_minutes: is 10081, but a link signed by a user lives for 10080 at most",
        ),
    ],
)
def test_a_link_is_one_that_its_signer_can_give(
    link: Mapping[str, Any], expected: str, root: Path
) -> None:
    assert told(root, link=link) == [f"reports_mail.link.{expected}"]


def test_a_link_of_seven_days_is_a_users(root: Path) -> None:
    mail = audit(
        root, link={"signer": "user", "secret": "backup-org/links", "valid_minutes": 10_080}
    ).reports_mail
    assert mail is not None
    assert mail.link.valid_minutes == 7 * 24 * 60


@pytest.mark.parametrize(
    ("address", "fits"),
    [("a@b.example", True), ("a.b+c@x-y.example", True), ("a@b", False), ("a b@c.example", False)],
)
def test_a_mail_address_is_one(address: str, fits: bool, root: Path) -> None:
    own = {**AUDIT, "reports_mail": {**MAIL, "sender": {"address": address}}}
    if fits:
        load.parse("acme-audit", own, root)
    else:
        assert "write a mail address" in problems("acme-audit", own, root)[0]


def test_reports_are_mailed_in_the_account_that_says_so(root: Path) -> None:
    elsewhere = {**AUDIT, "reports_mail_in": "management"}
    assert "write reports_mail_in: audit" in problems("acme-audit", elsewhere, root)[0]
    nowhere = {**AUDIT, "reports_mail": None}
    assert "is required here" in problems("acme-audit", nowhere, root)[0]


def test_without_an_audit_account_they_are_mailed_in_none(root: Path) -> None:
    shared = {**ACME, "organization": {"management_account": "111111111111"}}
    member = {**MEMBER, **shared, "alerts_in": "management", "reports_mail_in": "audit"}
    del member["extends"]
    found = problems("acme-member-web", member, root)
    assert [line.partition(": ")[2] for line in found] == [
        "reports_mail_in: is audit, but organization.audit_account is not set; set either"
    ]


def test_a_logo_is_a_small_picture_that_is_there(root: Path) -> None:
    folder = root / load.CUSTOMERS
    (folder / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert audit(root, brand={"logo": "logo.svg"}).customer == "acme"
    (folder / "large.svg").write_text("<svg>" + " " * 100_000)
    (folder / "text.png").write_text("<svg/>")
    assert "of 100,000 at most" in told(root, brand={"logo": "large.svg"})[0]
    assert "does not start as a .png file does" in told(root, brand={"logo": "text.png"})[0]
    assert "there is no file" in told(root, brand={"logo": "none.png"})[0]
    assert "name a .png or .svg file" in told(root, brand={"logo": "../../logo.png"})[0]


def test_accounts_of_a_report_have_stacks_that_let_it_read(root: Path) -> None:
    write(root, "acme-audit", AUDIT)
    write(root, "acme-member-web", MEMBER)
    report = {"recipients": ["a@acme.example"], "accounts": ["333333333333", "999999999999"]}
    assert told(root, daily=report) == [
        "reports_mail.daily.accounts[1]: 999999999999 has no stack of acme, so that nothing may "
        "read there; write one of 222222222222, 333333333333, or a settings file for it"
    ]


def test_a_report_from_the_lake_needs_one(root: Path) -> None:
    write(root, "acme-audit", AUDIT)
    report = {"recipients": ["a@acme.example"], "source": "lake"}
    assert "no stack of acme has reports" in told(root, monthly=report)[0]
    write(root, "acme-management", {"extends": "acme", "role": "management"})
    assert audit(root, monthly=report).customer == "acme"


def test_a_customers_accounts_are_those_that_its_files_name(root: Path) -> None:
    write(root, "acme-audit", AUDIT)
    write(root, "acme-management", {"extends": "acme", "role": "management"})
    write(root, "acme-member-web", {**MEMBER, "regions": ["eu-west-1", "us-east-1"]})
    write(root, "acme-member-bad", {**MEMBER, "account": None})
    write(root, "acme-member-x-audit", {**MEMBER, "customer": "acme-member-x", "extends": "acme"})
    found = accounts_of("acme", root)
    assert [(a.account, a.name, a.regions, a.has_reports) for a in found] == [
        ("222222222222", "audit", ("eu-central-1",), False),
        ("111111111111", "management", ("eu-central-1",), True),
        ("333333333333", "web", ("eu-west-1", "us-east-1"), False),
    ]
