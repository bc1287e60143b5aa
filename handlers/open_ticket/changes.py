"""What a call of AWS Backup's API changed, and who made it: from CloudTrail's record of it.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
element"; the parameters are those of AWS Backup's API, with a small first letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, kw_only=True)
class Changed:
    resource: str
    """ARN of a vault, plan or legal hold; of settings, one that they would have."""
    resource_type: str
    vault: str
    recovery_point: str
    """What happens to recovery points is told of their vault: somebody who deletes a thousand is
    one incident."""


_ACCOUNT_WIDE = {"UpdateGlobalSettings": "global-settings", "UpdateRegionSettings": "settings"}


def changed(call: Mapping[str, Any], prefix: str) -> Changed:
    """`prefix` is what the ARNs of AWS Backup's resources there start with, with its colon."""
    asked, answered = (_fields(call, name) for name in ("requestParameters", "responseElements"))
    told = {**answered, **asked}
    vault, plan = _text(told, "backupVaultName"), _text(told, "backupPlanId")
    hold = _text(told, "legalHoldId")
    name = _text(call, "eventName")
    if vault:
        arn, kind = f"backup-vault:{vault}", "backup vault"
    elif plan:
        arn, kind = f"backup-plan:{plan}", "backup plan"
    elif hold:
        arn, kind = f"legal-hold:{hold}", "legal hold"
    else:
        # A call that names nothing is told by its own name, and not passed over.
        arn, kind = _ACCOUNT_WIDE.get(name, f"api-call:{name}"), "settings"
    return Changed(
        resource=prefix + arn,
        resource_type=kind,
        vault=vault,
        recovery_point=_text(told, "recoveryPointArn"),
    )


def who(call: Mapping[str, Any]) -> str:
    """The identity as CloudTrail names it: users, root and sessions of roles have an ARN, another
    account's user or a service may have none."""
    identity = _fields(call, "userIdentity")
    for name in ("arn", "invokedBy", "principalId", "accountId", "type"):
        if told := _text(identity, name):
            return told
    return "an identity that CloudTrail does not name"


def sentence(call: Mapping[str, Any]) -> str:
    place = _text(call, "sourceIPAddress")
    return (
        f"{_text(call, 'eventName')} was called by {who(call)}{f' from {place}' if place else ''}"
    )


def _fields(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Parameters and answers are null where there are none."""
    value = record.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
