"""What the runbook of scheduled reports does, step by step: ids and keys travel, never data."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi

from components.digests_bucket import DigestsBucket
from components.function import Function
from components.iam import Statement
from components.runbook import RunbookArgs

_RUN = "{{ automation:EXECUTION_ID }}"
_TELL = "TellThatItFailed"
_INVOKE_SECONDS = 300
"""The longest that Automation lets aws:invokeLambdaFunction run."""
_COLLATION_SECONDS = 3 * 3600
"""So that a part that failed is tried again: its message is hidden for an hour."""


def report_runbook(
    name: str,
    functions: Mapping[str, Function],
    bucket: DigestsBucket,
    *,
    role_arn: pulumi.Input[str],
    status_key: Callable[[str], str],
) -> RunbookArgs:
    """`functions` by handler; `status_key`: of the object of a run, by its id, whose metadata
    `state` is waited for."""
    finds, makes, mails = (functions[h] for h in ("find_vaults", "make_report", "mail_report"))
    steps = [
        _invoke(
            "FindVaults",
            finds,
            {"Step": "find_vaults", "Cadence": "{{ Cadence }}", "At": "{{ At }}", "RunId": _RUN},
            then="StartCollation",
        ),
        _invoke(
            "StartCollation",
            finds,
            {"Step": "start_collation", "RunId": _RUN},
            then="WaitForCollation",
        ),
        {
            "name": "WaitForCollation",
            "action": "aws:waitForAwsResourceProperty",
            "timeoutSeconds": _COLLATION_SECONDS,
            "onFailure": f"step:{_TELL}",
            "inputs": {
                "Service": "s3",
                "Api": "HeadObject",
                "Bucket": bucket.name,
                "Key": status_key(_RUN),
                "PropertySelector": "$.Metadata.state",
                "DesiredValues": ["collated"],
            },
            "nextStep": "GenerateReport",
        },
        _invoke("GenerateReport", makes, {"Step": "generate", "RunId": _RUN}, then="StoreReport"),
        _invoke("StoreReport", makes, {"Step": "store", "RunId": _RUN}, then="MailReport"),
        _invoke("MailReport", mails, {"Step": "mail", "RunId": _RUN, "Resend": "{{ Resend }}"}),
        _invoke(
            _TELL,
            mails,
            {"Step": "tell_failure", "Cadence": "{{ Cadence }}", "RunId": _RUN},
            on_failure="Abort",
        ),
    ]
    invoked = [step["name"] for step in steps if step["action"] == _INVOKE]
    return RunbookArgs(
        document_name=name,
        description="Makes a backup report, stores it and mails the link to it.",
        role_arn=role_arn,
        parameters=_PARAMETERS,
        steps=steps,
        outputs=[f"{step}.Payload" for step in invoked if step != _TELL],
    )


def report_runbook_permissions(
    functions: Mapping[str, Function], bucket: DigestsBucket, status_key: Callable[[str], str]
) -> Sequence[Statement]:
    """What its steps may do."""
    return [
        Statement(
            sid="RunItsSteps",
            actions=["lambda:InvokeFunction"],
            resources=[
                functions[handler].arn for handler in ("find_vaults", "make_report", "mail_report")
            ],
        ),
        Statement(
            sid="SeeWhetherAllIsCollated",
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(bucket.arn, "/", status_key("*"))],
        ),
        Statement(sid="SeeItThroughItsKey", actions=["kms:Decrypt"], resources=[bucket.key_arn]),
    ]


_INVOKE = "aws:invokeLambdaFunction"
_PARAMETERS = {
    "Cadence": {
        "type": "String",
        "description": "Which report.",
        "allowedValues": ["daily", "weekly", "monthly"],
    },
    "At": {
        "type": "String",
        "description": "The report is about the last day, week or month before this time (UTC, "
        "2026-07-01T05:00:00Z), or before now.",
        "default": "now",
        "allowedPattern": r"^(now|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$",
    },
    "Resend": {
        "type": "String",
        "description": "Whether the mail goes out even if it may have gone out before.",
        "default": "false",
        "allowedValues": ["true", "false"],
    },
}


def _invoke(
    name: str,
    function: Function,
    event: Mapping[str, str],
    *,
    then: str | None = None,
    on_failure: str = f"step:{_TELL}",
) -> dict[str, Any]:
    """A step that invokes a function; each of these may be done twice without harm."""
    return {
        "name": name,
        "action": _INVOKE,
        "timeoutSeconds": _INVOKE_SECONDS,
        "maxAttempts": 2,
        "onFailure": on_failure,
        "inputs": {"FunctionName": function.name, "Payload": json.dumps(event)},
        **({"nextStep": then} if then else {"isEnd": True}),
    }
