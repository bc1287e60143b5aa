"""What a stack needs in its account and may not own: made once, and left by `destroy`."""

from __future__ import annotations

from collections.abc import Iterator

import boto3

from fleet import accounts
from fleet.deploy.commands import Names
from fleet.deploy.order import chosen
from fleet.project import current_project
from fleet.terminal import console
from reports.plans import REPORTS_ROLE, REPORTS_SERVICE
from stacks import load
from stacks.load import Settings


def prepare(names: Names = None) -> None:
    """Make in the stacks' accounts what no stack may own, where it is not there yet."""
    root = current_project()
    for stack in chosen(names or [], root):
        settings = load.from_files(stack, root)
        for done in prepared(settings, accounts.session(settings)):
            console.print(f"{stack}: {done}")


def prepared(settings: Settings, session: boto3.Session) -> Iterator[str]:
    """Tells what it made or found. A second run makes nothing. Raises what boto3 raises."""
    if settings.reports is not None:
        yield f"{REPORTS_ROLE}: {_reports_role(session)}"


def _reports_role(session: boto3.Session) -> str:
    iam = session.client("iam")
    try:
        iam.get_role(RoleName=REPORTS_ROLE)
    except iam.exceptions.NoSuchEntityException:
        iam.create_service_linked_role(AWSServiceName=REPORTS_SERVICE)
        return "made"
    return "stands"
