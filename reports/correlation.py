"""What ties an incident to what it is about: ServiceNow's field correlation_id."""

import hashlib

DISPLAY = "backup-org"
"""The name of this system there."""


def correlation_id(customer: str, kind: str, account: str, region: str, subject: str) -> str:
    """Of a kind of job and its subject, such as a resource's ARN. At most 100 characters:
    ServiceNow's field."""
    scope = "|".join((customer, kind, account, region, subject))
    return f"{DISPLAY}-{hashlib.sha256(scope.encode()).hexdigest()[:40]}"
