"""How a run gets into a customer's accounts: boto3 sessions there, and what the engine is given.

Each hop is a role: the customer's, assumed with the credentials of whoever runs this, and from it
the deploy role of the stack's account.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    RefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader

from fleet.errors import ToldError
from stacks import names
from stacks.access_settings import Access
from stacks.load import Settings
from stacks.state_settings import State

OPERATOR = "BACKUP_ORG_OPERATOR"
"""The variable that says who runs this; else GitHub's actor in its workflows, else the login."""
SHELL_OF = "BACKUP_ORG_SHELL_OF"
"""The variable that says whose keys a shell has from `backup-org env`."""
_LONGEST_SESSION_NAME = 64
# AWS throttles by account and Region: 10 tries, with full jitter, wait a minute in the mean.
_CLIENTS = Config(retries={"mode": "standard", "total_max_attempts": 10})
_HOW_AWS_IS_REACHED = (
    "AWS_ENDPOINT_URL",
    "AWS_CA_BUNDLE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""How variables begin that say where AWS answers, and nothing of who asks."""
_BUCKET_REFUSED = ("could not list bucket", "blob (code=", "blob (key ")
"""By which what the engine says of a bucket with states, in words of gocloud.dev, is known."""
_IN_THE_SHELL = (
    "`aws sts get-caller-identity` must work here: that needs credentials that AWS takes"
)
_assuming = Lock()


class NoSession(ToldError):
    """There is no session in the stack's account; says why, and the cure."""

    def __init__(self, found: str, cure: str) -> None:
        super().__init__(f"{found}; {cure}")
        self.found = found
        self.cure = cure


class WrongAccount(NoSession):
    """The credentials at hand act in another account than the stack's."""


def operator() -> str:
    """Who runs this, as the names of sessions may have it."""
    named = os.environ.get(OPERATOR)
    if not named and os.environ.get("GITHUB_ACTIONS") == "true":
        named = os.environ.get("GITHUB_ACTOR")
    try:
        return re.sub(r"[^\w+=,.@-]", "-", named or getpass.getuser(), flags=re.ASCII)
    except (KeyError, OSError) as error:  # a container's user without a name
        raise ToldError(f"nothing says who runs this: set {OPERATOR}, for CloudTrail") from error


def session(settings: Settings) -> boto3.Session:
    """In the stack's account, renewed by itself however long it is used. Raises NoSession, and
    WrongAccount rather than work in an account that is not the stack's."""
    cure = _IN_THE_SHELL
    try:
        credentials = _of_customer(settings)
        role = names.deploy_role_arn(settings)
        if role is not None:
            own_id = settings.deploy_role_external_id
            credentials = _assumed(role, own_id, credentials, settings.region, "deploy_role")
        here = _session(settings.region, credentials=credentials)
        account = here.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        profile = settings.access and settings.access.profile
        if profile:
            cure = cure.replace("-identity", f"-identity --profile {profile}")
        raise NoSession(f"no session in {settings.account}: {error}", cure) from error
    if account != settings.account:
        raise WrongAccount(
            f"the credentials at hand act in {account}, and the stack's account is "
            f"{settings.account}",
            "use its own, or set deploy_role",
        )
    with_account_in_errors(here, account)
    return here


def with_account_in_errors(session: boto3.Session, account: str) -> None:
    """Lets what AWS answers the session's clients tell the account, so that errors can."""

    def note(parsed: dict[str, Any], **_: Any) -> None:
        parsed.setdefault("ResponseMetadata", {})["Account"] = account

    session.events.register("after-call", note)


def engine_environment(settings: Settings) -> Mapping[str, str | None]:
    """What the engine gets for a stack beside this process's environment; None: not this one.

    With `access` that is credentials of the customer, good for half an hour at least, and nothing
    else of AWS's. Raises NoSession where these do not lead into the stack's account.
    """
    return {**_for_aws(settings), **dict(_for_state(settings.state))}


def _for_aws(settings: Settings) -> Mapping[str, str | None]:
    if settings.access is None:
        return {}
    session(settings)  # what is refused is told better here than by the engine
    credentials = _of_customer(settings)
    keys = credentials and credentials.get_frozen_credentials()
    return {
        **{name: None for name in os.environ if _says_who_asks(name)},
        "AWS_ACCESS_KEY_ID": keys and keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys and keys.secret_key,
        "AWS_SESSION_TOKEN": keys and keys.token,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _for_state(state: State) -> Iterator[tuple[str, str | None]]:
    if state.backend is not None:
        yield "PULUMI_BACKEND_URL", state.backend
    if state.passphrase_file is not None:
        yield "PULUMI_CONFIG_PASSPHRASE", None
        yield "PULUMI_CONFIG_PASSPHRASE_FILE", str(Path(state.passphrase_file).expanduser())


def with_cure(settings: Settings, said: str) -> str:
    """What the engine says of a state or an account that it does not get at, with what to set."""
    state = settings.state
    if "AWS account ID not allowed" in said:
        return (
            f"{said}\n  the stack's account is {settings.account}: use its own credentials, or set "
            "deploy_role, whose role leads there (docs/isolation.md)"
        )
    if state.backend is not None and any(sign in said for sign in _BUCKET_REFUSED):
        return (
            f"{said}\n  state.backend is {state.backend}: it must exist, and be "
            f"{settings.customer}'s own, which {_who(settings)} may read and write (docs/state.md)"
        )
    if "incorrect passphrase" in said:
        of = f"in {state.passphrase_file}" if state.passphrase_file else "of the shell"
        return (
            f"{said}\n  the passphrase {of} is not the one that {settings.customer}'s stacks were "
            "made with: state.passphrase_file must name the customer's own (docs/state.md)"
        )
    return said


def _who(settings: Settings) -> str:
    return (settings.access and settings.access.role) or "whoever runs this"


def _says_who_asks(name: str) -> bool:
    return name.startswith("AWS_") and not name.startswith(_HOW_AWS_IS_REACHED)


def _of_customer(settings: Settings) -> Credentials | None:
    """Those that deploy roles are assumed with; one for all of a customer's stacks, so that a
    profile asks for its second factor once."""
    shell = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    own = settings.access or Access()
    shell_of = os.environ.get(SHELL_OF)
    if settings.access is not None and shell_of is not None:
        if shell_of != settings.customer:
            raise NoSession(
                f"this shell has the keys of {shell_of}, by `backup-org env`",
                f"work for {settings.customer} in another one",
            )
        own = Access()  # it has been assumed
    with _assuming:
        return _found(own.profile, own.role, own.external_id, settings.region, operator(), shell)


@lru_cache(maxsize=256)
def _found(
    profile: str | None,
    role: str | None,
    external_id: str | None,
    region: str,
    _who: str,
    _shell: tuple[tuple[str, str], ...],
) -> Credentials | None:
    """`_who` and `_shell` are what the answer hangs on besides."""
    found = _session(region, profile=profile).get_credentials()
    return found if role is None else _assumed(role, external_id, found, region, "access.role")


def _assumed(
    role: str, external_id: str | None, by: Credentials | None, region: str, setting: str
) -> Credentials:
    """A role's, got by other credentials and renewed by them."""
    sts = _session(region, credentials=by).client("sts")
    given: dict[str, Any] = {} if external_id is None else {"ExternalId": external_id}
    name = f"backup-org-{operator()}"[:_LONGEST_SESSION_NAME]

    def assume() -> Mapping[str, str]:
        answer = sts.assume_role(RoleArn=role, RoleSessionName=name, **given)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    try:
        return _Renewed.create_from_metadata(dict(assume()), assume, "assume-role")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        ids = "access.external_id" if setting == "access.role" else "deploy_role_external_id"
        raise NoSession(
            f"{role} cannot be assumed: {error}",
            f"it must exist and trust the credentials at hand, with the {ids} if its trust asks "
            f"for one, and these must be allowed sts:AssumeRole on it; or set another {setting}",
        ) from error


class _Renewed(RefreshableCredentials):
    """Half an hour is left of them at least wherever they are used: the engine, once it has them,
    cannot renew them."""

    _advisory_refresh_timeout = int(timedelta(minutes=35).total_seconds())
    _mandatory_refresh_timeout = int(timedelta(minutes=30).total_seconds())


class _Given(CredentialProvider):
    """Finds the credentials that it was made with."""

    METHOD = CANONICAL_NAME = "backup-org"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def _session(
    region: str, *, profile: str | None = None, credentials: Credentials | None = None
) -> boto3.Session:
    """Reads botocore's models once for all sessions, however many accounts there are."""
    core = botocore.session.Session(profile=profile)
    core.set_default_client_config(_CLIENTS)
    if credentials is not None:
        resolver = CredentialResolver([_Given(credentials)])
        core.register_component("credential_provider", resolver)
    loader = _loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    made = boto3.Session(botocore_session=core, region_name=region)
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # boto3 adds its own each time
    return made


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)
