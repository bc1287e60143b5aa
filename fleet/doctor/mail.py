"""Whether SES sends mails of reports to whom they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleet.doctor.findings import Answer, Finding, ill, looked_up
from fleet.doctor.stack_account import StackAccount
from stacks.report_mail_settings import ReportsMail
from stacks.settings import CentralSettings


def mail(here: StackAccount) -> Iterator[Finding]:
    if not isinstance(here.settings, CentralSettings) or here.settings.reports_mail is None:
        return
    of = here.settings.reports_mail
    region = here.settings.region
    yield looked_up(f"SES in {region}", lambda: _sending(here))
    yield looked_up(f"SES's identity of {of.sender.address}", lambda: _identity(here, of))


def _sending(here: StackAccount) -> Answer | str:
    account = here.session.client("sesv2").get_account()
    if not account.get("ProductionAccessEnabled"):
        return ill(
            "is in its sandbox: it sends to verified addresses alone, 200 mails a day",
            "ask AWS for production access: SES's console, Account dashboard, Request production "
            f"access, in {here.settings.region} of {here.settings.account}",
        )
    if not account.get("SendingEnabled") or account.get("EnforcementStatus") == "SHUTDOWN":
        cure = "see what SES's console says under Account dashboard and Reputation metrics"
        return ill(f"sends nothing: {account.get('EnforcementStatus', 'it is switched off')}", cure)
    return "is out of its sandbox"


def _identity(here: StackAccount, of: ReportsMail) -> Answer | str:
    """Of the address, or of its domain, by which SES lets an address send as well."""
    ses: Any = here.session.client("sesv2")
    address = of.sender.address
    for name in (address, address.rpartition("@")[2]):
        try:
            identity = ses.get_email_identity(EmailIdentity=name)
        except ses.exceptions.NotFoundException:
            continue
        if identity.get("VerifiedForSendingStatus"):
            return f"{name} is verified"
        return ill(
            f"{name} is not verified: {identity.get('VerificationStatus', 'PENDING')}",
            "put its records into DNS; of what is deployed from here they are an output:",
            *(() if of.sender.existing else (here.run("outputs"),)),
        )
    if of.sender.existing:
        return ill("there is none", "verify the address or its domain, or leave out existing")
    return here.not_there("there is none")
