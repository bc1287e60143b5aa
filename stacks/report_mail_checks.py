"""Checks of scheduled reports' settings; importing this registers those that need no other file."""

from collections.abc import Sequence
from pathlib import Path

from stacks.check import Location, Problems, check
from stacks.customer_accounts import accounts_of
from stacks.report_mail_settings import SESSION_MINUTES, USER_MINUTES, Link, ReportsMail
from stacks.settings import AuditSettings, CentralSettings, ManagementSettings, StackSettings
from stacks.settings_files import CUSTOMERS

_LOGO_BYTES = 100_000
_LOGO_STARTS = {".png": (b"\x89PNG\r\n\x1a\n",), ".svg": (b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE")}


@check(StackSettings, "organization", "reports_mail_in")
def _reports_are_mailed_from_an_account(s: StackSettings) -> Problems:
    if s.reports_mail_in is not None and s.organization.account_of(s.reports_mail_in) is None:
        yield (
            ("reports_mail_in",),
            f"is {s.reports_mail_in}, but organization.{s.reports_mail_in}_account is not set; set "
            "either",
        )


@check(CentralSettings, "role", "reports_mail_in", "reports_mail")
def _reports_mail_stands_where_it_is_said_to(s: CentralSettings) -> Problems:
    assert isinstance(s, ManagementSettings | AuditSettings)
    if s.reports_mail is None and s.reports_mail_in == s.role:
        yield (
            ("reports_mail",),
            "is required here, as reports_mail_in says; write it, or null there",
        )
    if s.reports_mail is not None and s.reports_mail_in != s.role:
        yield (
            ("reports_mail",),
            f"stands in the stack that reports_mail_in names, which is {s.reports_mail_in}; write "
            f"reports_mail_in: {s.role} for all of the customer's stacks",
        )


@check(CentralSettings, "reports_mail")
def _some_report_is_scheduled(s: CentralSettings) -> Problems:
    if s.reports_mail is not None and not s.reports_mail.scheduled:
        yield ("reports_mail",), "schedules no report; write daily, weekly or monthly"


@check(CentralSettings, "reports_mail")
def _mails_go_to_allowed_domains(s: CentralSettings) -> Problems:
    if s.reports_mail is None:
        return
    mail, allowed = s.reports_mail, s.reports_mail.allowed_domains
    lists: dict[Location, Sequence[str]] = {
        (cadence, "recipients"): report.recipients for cadence, report in mail.scheduled.items()
    }
    lists[("failures_to",)] = mail.failures_to or ()
    for where, addresses in lists.items():
        for position, address in enumerate(addresses):
            if address.rpartition("@")[2] not in allowed:
                message = f"{address} is in none of allowed_domains: {', '.join(allowed)}"
                yield ("reports_mail", *where, position), message
            if address in addresses[:position]:
                yield ("reports_mail", *where, position), f"{address} is named twice"


@check(CentralSettings, "reports_mail")
def _links_live_as_long_as_their_signer_can_say(s: CentralSettings) -> Problems:
    if s.reports_mail is None:
        return
    link, where = s.reports_mail.link, ("reports_mail", "link")
    if link.valid_minutes > _limit(link):
        cure = (
            "; for longer, signer: user"
            if link.signer == "session" and link.valid_minutes <= USER_MINUTES
            else ""
        )
        yield (
            (*where, "valid_minutes"),
            f"is {link.valid_minutes}, but a link signed by a {link.signer} lives for "
            f"{_limit(link)} at most{cure}",
        )
    if link.signer == "user" and link.secret is None:
        yield (*where, "secret"), "is required by signer: user, whose key it holds"
    if link.signer == "session" and link.secret is not None:
        yield (*where, "secret"), "is of signer: user alone; leave it out"


def _limit(link: Link) -> int:
    return SESSION_MINUTES if link.signer == "session" else USER_MINUTES


def with_files(s: StackSettings, root: Path) -> Problems:
    """What the files of the customer's other stacks, and the logo's, say of valid settings."""
    if not isinstance(s, CentralSettings) or s.reports_mail is None:
        return
    if s.reports_mail.brand.logo is not None:
        yield from _logo_is_one(root / CUSTOMERS / s.reports_mail.brand.logo)
    yield from _accounts_have_stacks(s.customer, s.reports_mail, root)


def _logo_is_one(path: Path) -> Problems:
    where, file = ("reports_mail", "brand", "logo"), f"{CUSTOMERS}/…/{path.name}"
    if not path.is_file():
        yield where, f"there is no file {file}; its path starts below {CUSTOMERS}/"
        return
    size, kind = path.stat().st_size, path.suffix
    if size > _LOGO_BYTES:
        yield where, f"{file} has {size:,} bytes, of {_LOGO_BYTES:,} at most; make it smaller"
    elif not path.read_bytes().lstrip().startswith(_LOGO_STARTS[kind]):
        yield where, f"{file} does not start as a {kind} file does; save it as one"


def _accounts_have_stacks(customer: str, mail: ReportsMail, root: Path) -> Problems:
    named = accounts_of(customer, root)
    known = {one.account for one in named}
    for cadence, report in mail.scheduled.items():
        for position, account in enumerate(report.accounts or ()):
            if account not in known:
                yield (
                    ("reports_mail", cadence, "accounts", position),
                    f"{account} has no stack of {customer}, so that nothing may read there; write "
                    f"one of {', '.join(sorted(known))}, or a settings file for it",
                )
        if report.source == "lake" and not any(one.has_reports for one in named):
            yield (
                ("reports_mail", cadence, "source"),
                f"is lake, but no stack of {customer} has reports; write api, or reports there",
            )
