"""AWS services that tell nobody in whose name they come, so that no policy can ask: why."""

from collections.abc import Mapping

TRUSTED_WITHOUT_SOURCE: Mapping[str, str] = {
    "backup.amazonaws.com": "AWS Backup's guide has no condition in the trust of its roles: "
    "aws-backup/latest/devguide/iam-service-roles.html",
    "ec2.amazonaws.com": "EC2 has its instances' roles by itself, and tells no source",
    "malware-protection.guardduty.amazonaws.com": "GuardDuty's guide has no condition in the trust "
    "of roles for scans: guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html",
    "s3.amazonaws.com": "S3's guide has no condition in the trust of roles for replication: "
    "AmazonS3/latest/userguide/setting-repl-config-perm-overview.html",
}
"""By service, as it assumes a role."""
TELL_NO_SOURCE: Mapping[tuple[str, str], str] = {
    ("events.amazonaws.com", "sns:publish"): "EventBridge's guide takes no condition in the policy "
    "of a topic: eventbridge/latest/userguide/eb-use-resource-based.html",
    **dict.fromkeys(
        [
            ("events.amazonaws.com", "kms:decrypt"),
            ("events.amazonaws.com", "kms:generatedatakey"),
            ("events.amazonaws.com", "kms:generatedatakey*"),
        ],
        "SNS's guide: conditions on the source do not work for EventBridge and the key of a topic: "
        "sns/latest/dg/sns-key-management.html",
    ),
}
"""By service and action, in small letters, as it uses a resource."""
