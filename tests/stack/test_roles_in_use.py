"""Who acts in which role, which of AWS's policies it has, and what else hands access on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from tests.support.policy_documents import all_recordings, generic_name
from tests.support.recorder import Recorded, Recording

ROLE = "aws:iam/role:Role"
AWS = "arn:aws:iam::aws:policy"
MANAGED: Mapping[str, set[str]] = {
    "~service": {
        f"{AWS}/service-role/AWSBackupServiceRolePolicyForBackup",
        f"{AWS}/service-role/AWSBackupServiceRolePolicyForRestores",
        f"{AWS}/AWSBackupServiceRolePolicyForS3Backup",
        f"{AWS}/AWSBackupServiceRolePolicyForS3Restore",
    },
    "~restore-tests": {
        f"{AWS}/service-role/AWSBackupServiceRolePolicyForRestores",
        f"{AWS}/AWSBackupServiceRolePolicyForS3Restore",
    },
    "~scanner": {f"{AWS}/AWSBackupGuardDutyRolePolicyForScans"},
    "~instances": {f"{AWS}/AmazonSSMManagedInstanceCore"},
}
"""By role; others have none."""
WHERE_PLANS_SCAN = {"~service": {f"{AWS}/AWSBackupServiceRolePolicyForScans"}}
ACTS_IN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "aws:cloudwatch/eventTarget:EventTarget": ("roleArn", {"~alerts-<region>": "~alerts"}),
    "aws:scheduler/schedule:Schedule": (
        "target",
        {
            "~heartbeat-<region>": "~heartbeat",
            "~daily-look-<region>": "~daily-look",
            "~report-schedules-*": "~report-schedules",
            "~scripts-schedules-*": "~scripts-schedules",
        },
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": ("role", {"*": "~reports-copy"}),
    "aws:backup/selection:Selection": ("iamRoleArn", {"*": "~service"}),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": (
        "iamRoleArn",
        {"*": "~restore-tests"},
    ),
    "aws:backup/plan:Plan": ("scanSettings", {"*": "~scanner"}),
    "aws:iam/instanceProfile:InstanceProfile": ("role", {"*": "~instances"}),
}
"""By type, the property that names the role, and the role by what acts in it."""
RUNBOOKS: Mapping[str, str] = {
    "~copy-back-<region>": "~copy-back",
    "~drill*": "~drill",
    "~report": "~report",
    "~restore-<region>": "~restore",
    "~database-*": "~scripts",
    "~files-*": "~scripts",
}


def of_all(type_: str) -> Iterator[tuple[str, str, Recorded, Recording]]:
    """Each resource of a type in each recording: the recording, a name without the customer."""
    for recording_name, settings, recording in all_recordings():
        for resource in recording.all(type_):
            yield recording_name, generic_name(resource.name, settings), resource, recording


def one_of(table: Mapping[str, str], name: str) -> str:
    (found,) = [role for pattern, role in table.items() if fnmatchcase(name, pattern)]
    return found


def test_each_acts_in_its_role_alone() -> None:
    wrong: list[str] = []
    for type_, (holds, table) in ACTS_IN.items():
        for where, name, resource, recording in of_all(type_):
            urns = resource.sources.get(holds, ())
            roles = [r for r in recording.all(ROLE) if r.urn in urns]
            if holds not in resource.inputs or (type_.endswith("EventTarget") and not roles):
                continue
            acting = [role.name.rpartition("-backup-")[2] for role in roles]
            if [f"~{one}" for one in acting] != [one_of(table, name)]:
                wrong.append(f"{where}: {name} acts in {acting}")
    assert wrong == []


def test_each_function_acts_in_the_role_of_its_name() -> None:
    for where, name, function, recording in of_all("aws:lambda/function:Function"):
        roles = [r.name for r in recording.all(ROLE) if r.urn in function.sources["role"]]
        assert roles == [function.name], f"{where}: {name}"


def test_each_runbook_acts_in_its_role() -> None:
    for where, name, document, recording in of_all("aws:ssm/document:Document"):
        if document.inputs["documentType"] != "Automation":
            continue
        role = one_of(RUNBOOKS, name)
        (found,) = [
            r for r in recording.all(ROLE) if r.name.endswith(role.replace("~", "-backup-"))
        ]
        content = json.loads(document.inputs["content"])
        assert content["assumeRole"] == found.state["arn"], f"{where}: {name}"


def test_roles_have_the_policies_of_aws_that_they_need_and_no_more() -> None:
    for name, settings, recording in all_recordings():
        scans = any(r.name.endswith("-scanner") for r in recording.all(ROLE))
        attached: dict[str, set[str]] = {r.name: set() for r in recording.all(ROLE)}
        for one in recording.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
            attached[one.inputs["role"]].add(one.inputs["policyArn"])
        for role, policies in attached.items():
            generic = generic_name(role, settings)
            more = WHERE_PLANS_SCAN.get(generic, set()) if scans else set[str]()
            assert policies == MANAGED.get(generic, set()) | more, f"{name}: {role}"


def test_nothing_hands_policies_on_by_the_side() -> None:
    """All that a role may is in the policies that the tables and the list above speak of."""
    for name, _, recording in all_recordings():
        for role in recording.all(ROLE):
            assert not {"inlinePolicies", "managedPolicyArns"} & role.inputs.keys(), name
        for endpoint in recording.all("aws:ec2/vpcEndpoint:VpcEndpoint"):
            assert "policy" not in endpoint.inputs, f"{name}: an endpoint's policy has no table"


def test_only_its_own_queue_uses_a_dead_letter_queue() -> None:
    for where, name, allowed, recording in of_all("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"):
        policy = json.loads(allowed.inputs["redriveAllowPolicy"])
        queue = recording.one("aws:sqs/queue:Queue", allowed.name)
        of_dead_letters = recording.one("aws:sqs/queue:Queue", f"{allowed.name}-dead-letters")
        assert policy == {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [queue.state["arn"]],
        }, f"{where}: {name}"
        assert allowed.inputs["queueUrl"] == of_dead_letters.state["url"], f"{where}: {name}"
