"""A role that may not do something, for a while."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def denied(iam: Any, role: str, action: str) -> Generator[None]:
    document = (
        '{"Version": "2012-10-17", "Statement": '
        f'[{{"Sid": "No", "Effect": "Deny", "Action": ["{action}"], "Resource": ["*"]}}]}}'
    )
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")
