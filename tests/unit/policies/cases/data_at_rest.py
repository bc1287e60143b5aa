"""Queues, topics, tables and logs: how they are encrypted, and how long logs are kept."""

from __future__ import annotations

from policies.resource_types import LOG_GROUP, QUEUE, TABLE, TOPIC
from policies.resources import UNKNOWN
from tests.unit.policies.case import Case, resource

KEPT = "log_group_keeps_logs_for_a_time"
CASES = [
    Case(
        rule="queue_is_encrypted",
        what="SQS's own key",
        resources=[resource(QUEUE, sqsManagedSseEnabled=True)],
    ),
    Case(rule="queue_is_encrypted", what="nothing is said", resources=[resource(QUEUE)]),
    Case(
        rule="queue_is_encrypted",
        what="a key of KMS instead",
        resources=[resource(QUEUE, sqsManagedSseEnabled=False, kmsMasterKeyId="alias/aws/sqs")],
    ),
    Case(
        rule="queue_is_encrypted",
        what="none",
        resources=[resource(QUEUE, sqsManagedSseEnabled=False)],
        says="sqsManagedSseEnabled is off",
    ),
    Case(
        rule="queue_is_encrypted",
        what="a key that is not known yet",
        resources=[resource(QUEUE, sqsManagedSseEnabled=False, kmsMasterKeyId=UNKNOWN)],
    ),
    Case(
        rule="topic_is_encrypted", what="a key", resources=[resource(TOPIC, kmsMasterKeyId="key")]
    ),
    Case(
        rule="topic_is_encrypted",
        what="none",
        resources=[resource(TOPIC)],
        says="it has no kmsMasterKeyId",
    ),
    Case(
        rule="topic_is_encrypted",
        what="a key that is not known yet",
        resources=[resource(TOPIC, kmsMasterKeyId=UNKNOWN)],
    ),
    Case(
        rule="table_has_a_key_of_its_account",
        what="a key",
        resources=[resource(TABLE, serverSideEncryption={"enabled": True, "kmsKeyArn": "key"})],
    ),
    Case(
        rule="table_has_a_key_of_its_account",
        what="none",
        resources=[resource(TABLE)],
        says="DynamoDB's own key encrypts it",
    ),
    Case(
        rule="table_has_a_key_of_its_account",
        what="what is not known yet",
        resources=[resource(TABLE, serverSideEncryption=UNKNOWN)],
    ),
    Case(rule=KEPT, what="long enough", resources=[resource(LOG_GROUP, retentionInDays=400)]),
    *(
        Case(
            rule=KEPT,
            what=f"{days} is for ever",
            resources=[resource(LOG_GROUP, retentionInDays=days)],
            says="it keeps its logs for ever",
        )
        for days in (None, 0)
    ),
    Case(
        rule=KEPT,
        what="too short",
        resources=[resource(LOG_GROUP, retentionInDays=90)],
        says="it keeps its logs for 90 days; at least 365",
    ),
    Case(
        rule=KEPT,
        what="long enough for who asks for less",
        resources=[resource(LOG_GROUP, retentionInDays=90)],
        config={"days": 90},
    ),
    Case(
        rule=KEPT,
        what="what is not known yet",
        resources=[resource(LOG_GROUP, retentionInDays=UNKNOWN)],
    ),
    Case(
        rule="log_group_has_its_own_key",
        what="a key",
        resources=[resource(LOG_GROUP, kmsKeyId="key")],
    ),
    Case(
        rule="log_group_has_its_own_key",
        what="none",
        resources=[resource(LOG_GROUP)],
        says="CloudWatch's own key encrypts it",
    ),
    Case(
        rule="log_group_has_its_own_key",
        what="a key that is not known yet",
        resources=[resource(LOG_GROUP, kmsKeyId=UNKNOWN)],
    ),
]
