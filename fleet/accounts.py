"""A boto3 session in a stack's account, as the role that deploys there."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader

from fleet.errors import ToldError
from stacks import names
from stacks.load import Settings


class NoSession(ToldError):
    """There is no session in the stack's account; says why, and the cure."""

    def __init__(self, found: str, cure: str) -> None:
        super().__init__(f"{found}; {cure}")
        self.found = found
        self.cure = cure


class WrongAccount(NoSession):
    """The credentials at hand act in another account than the stack's."""


def session(settings: Settings) -> boto3.Session:
    """Raises WrongAccount rather than work in an account that is not the stack's."""
    try:
        here = _made(region_name=settings.region)
        role = names.deploy_role_arn(settings)
        if role is not None:
            here = _assumed(role, settings.deploy_role_external_id, here)
        account = here.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        cure = "`aws sts get-caller-identity` must work here: that needs credentials that AWS takes"
        raise NoSession(f"no session in {settings.account}: {error}", cure) from error
    if account != settings.account:
        raise WrongAccount(
            f"the credentials at hand act in {account}, and the stack's account is "
            f"{settings.account}",
            "use its own, or set deploy_role",
        )
    return here


def _assumed(role: str, external_id: str | None, here: boto3.Session) -> boto3.Session:
    sts = here.client("sts")
    given: dict[str, Any] = {} if external_id is None else {"ExternalId": external_id}
    try:
        answer = sts.assume_role(RoleArn=role, RoleSessionName="backup-org", **given)
        credentials = answer["Credentials"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        raise NoSession(
            f"{role} cannot be assumed: {error}",
            "it must exist and trust the credentials at hand, with the deploy_role_external_id if "
            "its trust asks for one, and these must be allowed sts:AssumeRole on it; or set "
            "another deploy_role",
        ) from error
    return _made(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=here.region_name,
    )


def _made(**given: Any) -> boto3.Session:
    """Reads botocore's models once for all sessions, however many accounts there are."""
    core = botocore.session.get_session()
    loader = _loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    made = boto3.Session(botocore_session=core, **given)
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # boto3 adds its own each time
    return made


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)
