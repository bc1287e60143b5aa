"""A boto3 session in a stack's account, as the role that deploys there."""

from __future__ import annotations

import boto3

from fleet.errors import ToldError
from stacks.load import Settings


class WrongAccount(ToldError):
    """The credentials at hand act in another account than the stack's."""


def session(settings: Settings) -> boto3.Session:
    """Raises WrongAccount rather than work in an account that is not the stack's."""
    here = boto3.Session(region_name=settings.region)
    if settings.deploy_role is not None:
        role = f"arn:aws:iam::{settings.account}:role/{settings.deploy_role}"
        credentials = here.client("sts").assume_role(RoleArn=role, RoleSessionName="backup-org")[
            "Credentials"
        ]
        here = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=settings.region,
        )
    account = here.client("sts").get_caller_identity()["Account"]
    if account != settings.account:
        raise WrongAccount(
            f"the credentials at hand act in {account}, and the stack's account is "
            f"{settings.account}; use its own, or set deploy_role"
        )
    return here
