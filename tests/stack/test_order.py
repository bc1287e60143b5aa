"""What must stand before a resource, so that AWS takes it and nothing is lost at first, stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.support.policy_documents import all_recordings
from tests.support.recorder import Recorded, Recording

ACTS_IN: Mapping[str, str] = {
    "aws:lambda/function:Function": "role",
    "aws:scheduler/schedule:Schedule": "target",
    "aws:cloudwatch/eventTarget:EventTarget": "roleArn",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "role",
    "aws:backup/selection:Selection": "iamRoleArn",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": "iamRoleArn",
    "aws:backup/plan:Plan": "scanSettings",
}
"""By type, the property with the role in which it acts from its creation on. Its policies stand
before: Lambda refuses an event source whose function may not read it, and what starts by itself
would fail the first times."""
GRANTS: Mapping[str, str] = {
    "aws:iam/rolePolicy:RolePolicy": "role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role",
    "aws:sqs/queuePolicy:QueuePolicy": "queueUrl",
    "aws:sns/topicPolicy:TopicPolicy": "arn",
    "aws:s3/bucketPolicy:BucketPolicy": "bucket",
    "aws:lambda/permission:Permission": "function",
}
"""By type, the property with what it lets others use."""
SENDS_TO: Mapping[str, tuple[str, ...]] = {
    "aws:cloudwatch/eventTarget:EventTarget": ("arn", "deadLetterConfig"),
    "aws:sns/topicSubscription:TopicSubscription": ("endpoint", "redrivePolicy"),
    "aws:backup/reportPlan:ReportPlan": ("reportDeliveryChannel",),
    "aws:backup/vaultNotifications:VaultNotifications": ("snsTopicArn",),
}
"""By type, the properties with what it sends to from its creation on: an event that EventBridge or
SNS may not deliver is lost, or rests where nobody expects it."""
OF_OTHERS = {"aws:backup/vaultNotifications:VaultNotifications"}
"""Those that send to what no stack of ours makes."""


def test_what_lets_a_resource_work_stands_before_it() -> None:
    late: set[str] = set()
    seen: set[str] = set()
    for name, _, recording in all_recordings():
        standing = before(recording)
        for resource, grant in needs(recording):
            seen.add(resource.type)
            if grant.urn not in standing[resource.urn]:
                late.add(f"{name}: {resource.urn} does not wait for {grant.urn}")
    assert sorted(late) == []
    assert seen == {*ACTS_IN, *SENDS_TO} - OF_OTHERS


def before(recording: Recording) -> Mapping[str, frozenset[str]]:
    """By URN, all that stands before it, by whatever way."""
    found: dict[str, frozenset[str]] = {}
    for resource in recording.resources:  # in the order of registration
        # A component's resources are registered when it is, and it waits for what it depends on.
        near = {*resource.after, resource.parent}
        found[resource.urn] = frozenset(near).union(*(found.get(urn, frozenset()) for urn in near))
    return found


def grants(recording: Recording) -> Mapping[str, list[Recorded]]:
    """By the URN of a role, queue, topic, bucket or function, what lets others use it."""
    found: dict[str, list[Recorded]] = {}
    for resource in recording.resources:
        for urn in resource.sources.get(GRANTS.get(resource.type, ""), ()):
            found.setdefault(urn, []).append(resource)
    return found


def needs(recording: Recording) -> Iterator[tuple[Recorded, Recorded]]:
    """Each resource with each that must stand before it."""
    granted = grants(recording)
    for resource in recording.resources:
        properties = (ACTS_IN.get(resource.type, ""), *SENDS_TO.get(resource.type, ()))
        for urn in {u for name in properties for u in resource.sources.get(name, ())}:
            for grant in granted.get(urn, ()):
                yield resource, grant
