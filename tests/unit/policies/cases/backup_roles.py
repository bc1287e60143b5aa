"""Rules about the roles of AWS Backup."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import ROLE, ROLE_POLICY_ATTACHMENT, SELECTION
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, Case, resource

ARN = f"arn:aws:iam::{ACCOUNT}:role/backup"
FOR_BACKUP = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
FOR_S3 = "arn:aws-cn:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup"
OTHER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def trust(*principals: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": one} for one in principals]})


BACKUP = trust({"Service": "backup.amazonaws.com"})


def role(policy: Any = BACKUP, /, **props: Any) -> Resource:
    return resource(ROLE, "backup", name="backup", arn=ARN, assumeRolePolicy=policy, **props)


def attached(arn: Any, **props: Any) -> Resource:
    given: dict[str, Any] = {"role": "backup", "policyArn": arn, **props}
    return resource(ROLE_POLICY_ATTACHMENT, "attachment", **given)


def about(what: str, *resources: Resource, says: str | None = None, **config: Any) -> Case:
    return Case(
        rule="backup_role_is_least_privilege",
        what=what,
        resources=resources,
        says=says,
        config=config,
    )


CASES = [
    about("what AWS Backup asks for", role(managedPolicyArns=[FOR_BACKUP]), attached(FOR_S3)),
    about(
        "a role of another service",
        role(trust({"Service": "lambda.amazonaws.com"})),
        attached(OTHER),
    ),
    about("another role's policy", role(), attached(OTHER, role="other")),
    about("a policy that is let", role(), attached(OTHER), managed_policies=[OTHER]),
    about("a policy of its own", role(), attached(OTHER), says=f"AWS Backup has {OTHER}; detach"),
    about(
        "a policy in the role", role(managedPolicyArns=[OTHER, FOR_BACKUP]), says=f"has {OTHER};"
    ),
    about(
        "a policy of the same name, but not AWS's",
        role(),
        attached(FOR_BACKUP.replace("aws:policy", f"{ACCOUNT}:policy")),
        says="detach it, or name it under managed_policies",
    ),
    about(
        "all that are attached at once",
        role(),
        resource(
            "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            roleName="backup",
            policyArns=[FOR_BACKUP, OTHER],
        ),
        says=f"has {OTHER};",
    ),
    about(
        "trust in another service, beside",
        role(trust({"Service": ["backup.amazonaws.com", "ec2.amazonaws.com"]})),
        says="trusts ec2.amazonaws.com, too; let them have roles of their own",
    ),
    about(
        "trust in everybody",
        role(trust({"Service": "backup.amazonaws.com"}, "*")),
        says="trusts *, too",
    ),
    about(
        "a selection's role that another service takes",
        role(trust({"Service": "ec2.amazonaws.com"})),
        resource(SELECTION, iamRoleArn=ARN),
        says="trusts ec2.amazonaws.com, too",
    ),
    about(
        "a selection's role that nobody takes",
        role(json.dumps({"Statement": []})),
        resource(SELECTION, sources={"iamRoleArn": ["backup"]}, iamRoleArn=UNKNOWN),
        says="does not trust backup.amazonaws.com",
    ),
    about("a trust that is not known yet", role(UNKNOWN)),
    about("policies that are not known yet", role(managedPolicyArns=UNKNOWN), attached(UNKNOWN)),
    about("an attachment to a role that is not known yet", role(), attached(OTHER, role=UNKNOWN)),
    about(
        "an attachment to it before it has a name",
        resource(ROLE, "backup", name=UNKNOWN, assumeRolePolicy=BACKUP),
        resource(
            ROLE_POLICY_ATTACHMENT, sources={"role": ["backup"]}, role=UNKNOWN, policyArn=OTHER
        ),
        says=f"has {OTHER};",
    ),
]
