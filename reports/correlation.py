"""What ties an incident to what it is about: ServiceNow's field correlation_id."""

import hashlib

DISPLAY = "backup-org"
"""The name of this system there."""


def deduplication_key(customer: str, kind: str, account: str, region: str, subject: str) -> str:
    """Of what must be well: a kind of alert and its subject, such as a resource's ARN. 51
    characters: with an episode's number it fits ServiceNow's field, which has 100."""
    scope = "|".join((customer, kind, account, region, subject))
    return f"{DISPLAY}-{hashlib.sha256(scope.encode()).hexdigest()[:40]}"


def correlation_id(key: str, episode: int) -> str:
    """Of the incident of one stretch of not being well, counted from 1."""
    return f"{key}-{episode}"


def backup_subject(resource: str, vault: str, rule: str = "") -> str:
    """A resource's backups into a vault by one rule of a plan, by its id. No rule: of a failure
    whose rule nobody knows, and of a backup that was started on demand; any backup of the
    resource into the vault makes it well."""
    return f"{resource}|{vault}|{rule}"


def copy_subject(resource: str, destination: str) -> str:
    """A resource's copies into one vault, by its ARN: copies elsewhere say nothing of these."""
    return f"{resource}|{destination}"
