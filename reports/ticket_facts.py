"""The facts that texts of incidents may name, as {fact}: settings are checked against them, and
handlers/open_ticket fills them in. One that is not known is an empty text."""

from collections.abc import Iterator, Mapping
from string import Formatter

FACTS: Mapping[str, str] = {
    "customer": "the customer's name in settings",
    "account": "the account's id",
    "account_name": "how it is called, or its id",
    "region": "the Region of the job",
    "kind": "backup, copy, restore, verdict, issues, malware, change, alarm, runbook, …",
    "state": "as AWS has it: FAILED, EXPIRED, …",
    "what": "kind and state in words: backup failed",
    "resource": "the resource's ARN",
    "resource_name": "its name where AWS Backup has one, or the last part of its ARN",
    "resource_type": "EBS, RDS, …",
    "vault": "the vault's name; of a copy, of the one that it goes to",
    "destination": "ARN of the vault that a copy goes to",
    "plan": "the plan's id",
    "plan_name": "the plan's name in AWS",
    "tier": "the plan's name in settings",
    "rule": "the plan's rule, by its name, or its id",
    "job": "the job's id",
    "category": "the job's message category",
    "message": "what AWS says of it",
    "recovery_point": "ARN of what a job made or read",
    "restored_as": "ARN of what a restore test restored",
    "testing_plan": "ARN of the restore testing plan",
    "ended": "when the job ended, in UTC",
    "console": "a link to the console, in the account's session",
    "command": "the command of AWS's CLI that shows it",
    "first_look": "what to look at first",
    "count": "how often it has failed since the incident was opened",
    "lasted": "how long it was not well; for close_notes",
    "headline": "this system's own short description",
}


def unknown_facts(text: str) -> Iterator[str]:
    """What a template names that is no fact. Raises ValueError for braces that do not match."""
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None and (name not in FACTS or form or conversion):
            yield "".join(
                (name, f"!{conversion}" if conversion else "", f":{form}" if form else "")
            )
