"""What to look at first, by what commonly causes what is told.

Messages are AWS Backup's own, of which it publishes few: they are searched for words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.open_ticket.events import Alert, Kind
from reports.restore_tests import MISSED_START

_JOBS = (Kind.BACKUP, Kind.COPY, Kind.RESTORE)


@dataclass(frozen=True, kw_only=True)
class _Cause:
    look: str
    kinds: Sequence[Kind] = _JOBS
    state: str = ""
    says: str = ""
    """A regular expression, without regard to case."""

    def fits(self, alert: Alert) -> bool:
        return (
            alert.kind in self.kinds
            and self.state in ("", alert.state)
            and re.search(self.says, alert.message, re.IGNORECASE) is not None
        )


_CAUSES = (
    _Cause(
        says=MISSED_START,
        look="the start window of the restore testing plan, and what else was restored then",
    ),
    _Cause(
        says=r"\bkms\b|\bkey\b",
        look="the key: is it enabled, and does its policy let the job's role use it (for a copy, "
        "the other account too)?",
    ),
    _Cause(
        says="access ?denied|not authori[sz]ed|permission|insufficient privileges",
        look="the job's role, and the policies of vault, key and organization: the message names "
        "the action that was refused",
    ),
    _Cause(
        says="running job|already (in progress|running)",
        look="the other job of this resource, which ran at the same time",
    ),
    _Cause(
        says="does not exist|not found|could not be found|no longer exists",
        look="whether the vault and the resource are still there, and are called so",
    ),
    _Cause(
        says="quota|limit ?exceeded|exceeds? the limit|throttl|rate exceeded|too many",
        look="the service's quotas in this account and Region",
    ),
    _Cause(
        says=r"retention|vault ?lock|\block(ed)?\b",
        look="the retention of the rule against what the vault's lock allows",
    ),
    _Cause(
        says="organi[sz]ation|cross-account",
        kinds=(Kind.COPY,),
        look="whether both accounts are in the organization, and its global settings let backups "
        "be copied between accounts",
    ),
    _Cause(state="EXPIRED", look="why it did not start in its window: other jobs of this resource"),
    _Cause(
        state="ABORTED",
        look="who stopped it: CloudTrail has the call, StopBackupJob for a backup; start it again "
        "if nobody meant to",
    ),
    _Cause(
        state="PARTIAL", look="the child jobs, of which some failed, and each one's own message"
    ),
    _Cause(kinds=(Kind.BACKUP,), look="the message, and earlier jobs of this resource"),
    _Cause(kinds=(Kind.COPY,), look="the destination vault's policy, and its key's"),
    _Cause(kinds=(Kind.RESTORE,), look="the metadata that the restore was given, and its role"),
    _Cause(
        kinds=(Kind.ISSUES,),
        says="LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED",
        look="the resource's key and type: the backup is in the standard vault, as it could not be "
        "made in the air-gapped one, and is protected no better than that",
    ),
    _Cause(kinds=(Kind.ISSUES,), look="what the backup holds: it was made, with a complaint"),
    _Cause(
        kinds=(Kind.MALWARE,),
        state="THREATS_FOUND",
        look="GuardDuty's findings of the scan; restore from no recovery point of the resource "
        "until it is known since when it is infected",
    ),
    _Cause(kinds=(Kind.MALWARE,), look="the role of the scanner, and the scan in GuardDuty"),
    _Cause(
        kinds=(Kind.CHANGE,),
        look="whether it was meant: ask who made it, and deploy the stack again if not",
    ),
    _Cause(kinds=(Kind.VERDICT,), look="the log of the function that judges restore tests"),
    _Cause(kinds=(Kind.ALARM,), look="the alarm's description"),
    _Cause(kinds=(Kind.RUNBOOK,), look="the step of the execution that failed"),
    _Cause(
        kinds=(Kind.SILENCE,),
        look="whether the rules and their targets are still there, and the dead letters of each "
        "Region; an account that left: backup-org tickets forget",
    ),
    _Cause(kinds=(Kind.TEST,), look="nothing: somebody tried the way from AWS to here"),
)


def first_look(alert: Alert) -> str:
    """Empty for what is well."""
    if not alert.failed:
        return ""
    return next((cause.look for cause in _CAUSES if cause.fits(alert)), "")
