"""What a stack needs in its account and may not own: made once, and left by `destroy`."""

from __future__ import annotations

from collections.abc import Iterator

import boto3

from components.reports_bucket import REPORTS_ROLE, REPORTS_SERVICE
from stacks.load import Settings


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
