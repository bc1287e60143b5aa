"""What a function may that changes which files the months of the lake's tables have."""

import pulumi

from components.iam import Statement
from reports.curated_tables import FILES, LISTS


def publishes(
    lake_bucket_arn: pulumi.Input[str], lake_key_arn: pulumi.Input[str]
) -> list[Statement]:
    return [
        Statement(
            sid="PublishCurated",
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[
                pulumi.Output.concat(lake_bucket_arn, f"/{folder}*") for folder in (LISTS, FILES)
            ],
        ),
        # Without it S3 says of a list that is not there that it is forbidden.
        Statement(sid="ListCurated", actions=["s3:ListBucket"], resources=[lake_bucket_arn]),
        Statement(
            sid="EncryptCurated",
            actions=["kms:GenerateDataKey", "kms:Decrypt"],
            resources=[lake_key_arn],
        ),
    ]
