"""What AWS takes for a name, by type of resource.

https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, by service.
"""

from collections.abc import Mapping

from policies.resource_types import (
    AIR_GAPPED_VAULT,
    ALARM,
    BUCKETS,
    EVENT_RULE,
    FUNCTION,
    LOG_GROUP,
    PLAN,
    QUEUE,
    REPORT_PLAN,
    RESTORE_TESTING_PLAN,
    ROLE,
    ROLE_POLICY,
    SCHEDULE,
    SELECTION,
    TABLE,
    TOPIC,
    VAULT,
)

NAME_LIMITS: Mapping[str, str] = {
    VAULT: r"[a-zA-Z0-9_-]{2,50}",
    AIR_GAPPED_VAULT: r"[a-zA-Z0-9_-]{2,50}",
    PLAN: r"[a-zA-Z0-9._-]{1,50}",
    SELECTION: r"[a-zA-Z0-9._-]{1,50}",
    REPORT_PLAN: r"[a-zA-Z][_a-zA-Z0-9]{0,255}",
    RESTORE_TESTING_PLAN: r"[a-zA-Z0-9_]{1,50}",
    "aws:kms/alias:Alias": r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
    **dict.fromkeys(BUCKETS, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    ROLE: r"[\w+=,.@-]{1,64}",
    ROLE_POLICY: r"[\w+=,.@-]{1,128}",
    FUNCTION: r"[a-zA-Z0-9_-]{1,64}",
    QUEUE: r"[a-zA-Z0-9_-]{1,80}|[a-zA-Z0-9_-]{1,75}\.fifo",
    TOPIC: r"[a-zA-Z0-9_-]{1,256}|[a-zA-Z0-9_-]{1,251}\.fifo",
    "aws:cloudwatch/eventBus:EventBus": r"[/.\-_A-Za-z0-9]{1,256}",
    EVENT_RULE: r"[.\-_A-Za-z0-9]{1,64}",
    LOG_GROUP: r"[.\-_/#A-Za-z0-9]{1,512}",
    ALARM: r".{1,255}",
    "aws:glue/catalogDatabase:CatalogDatabase": r"[a-z0-9_]{1,255}",
    "aws:glue/catalogTable:CatalogTable": r"[a-z0-9_]{1,255}",
    "aws:athena/workgroup:Workgroup": r"[a-zA-Z0-9._-]{1,128}",
    TABLE: r"[a-zA-Z0-9_.-]{3,255}",
    "aws:iam/instanceProfile:InstanceProfile": r"[\w+=,.@-]{1,128}",
    SCHEDULE: r"[.\-_a-zA-Z0-9]{1,64}",
    "aws:ssm/document:Document": r"(?!aws|amazon|amzn)[a-zA-Z0-9_.-]{3,128}",
    "aws:iam/user:User": r"[\w+=,.@-]{1,64}",
}
"""A regular expression that all of it matches."""
