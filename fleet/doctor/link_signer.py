"""The key with which a user signs links to reports: whether there is one, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fleet.doctor.findings import Answer, Finding, ill, looked_up
from fleet.doctor.stack_account import StackAccount
from stacks import names
from stacks.settings import CentralSettings

_OLD = timedelta(days=90)
_ROTATE = "rotate it: see docs/scheduled-reports.md, The link"
_KEY = '{"access_key_id": "…", "secret_access_key": "…"}'


def link_signer(here: StackAccount) -> Iterator[Finding]:
    settings = here.settings
    if not isinstance(settings, CentralSettings) or settings.reports_mail is None:
        return
    if settings.reports_mail.link.secret is None:
        return
    user = names.link_role(settings)
    yield here.secret(settings.reports_mail.link.secret, _KEY)
    yield looked_up(f"the key of {user}", lambda: _key(user, here))


def _key(user: str, here: StackAccount) -> Answer | str:
    """The oldest that is active: a second one is there while they are rotated."""
    iam = here.session.client("iam")
    try:
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    except iam.exceptions.NoSuchEntityException:
        return here.not_there(f"there is no user {user}")
    ages = [
        here.now - key["CreateDate"]
        for key in keys
        if key.get("Status") == "Active" and "CreateDate" in key
    ]
    if not ages:
        make = here.aws("iam", "create-access-key", "--user-name", user)
        return ill("has none", "make one, and put it into the secret:", make)
    days = max(ages).days
    if max(ages) > _OLD:
        return ill(f"is {days} days old", _ROTATE)
    return f"is {days} days old"
