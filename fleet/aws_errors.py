"""What people are told of errors of AWS's API: of which call, in which account, and the cure."""

from __future__ import annotations

import re
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

_LOG_IN = "get fresh credentials (`aws sso login`, or as you get them here), and run this again"
_CURES = {
    (
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    ): f"the credentials have expired: {_LOG_IN}",
    (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
    ): f"AWS does not take these credentials: {_LOG_IN}",
    (
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
    ): "let the role that does this call it, or use one that may; a service control policy can be "
    "what forbids it",
    (
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
    ): "AWS is asked too often in this account: wait a minute, and run it again with a smaller "
    "--parallel where it has one",
    (
        "OptInRequired",
        "SubscriptionRequiredException",
    ): "the account has to take this service, or Region, up first",
}
_BY_CODE = {code: cure for codes, cure in _CURES.items() for code in codes}
_BY_KIND: tuple[tuple[tuple[type[BotoCoreError], ...], str], ...] = (
    (
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
        ),
        "there are no credentials of AWS's here: log in, set AWS_PROFILE, or, to try things out, "
        'work in the sandbox: eval "$(backup-org sandbox env)"',
    ),
    (
        (
            exceptions.SSOError,
            exceptions.TokenRetrievalError,
        ),
        f"the session of IAM Identity Center is over: {_LOG_IN}",
    ),
    (
        (exceptions.ProfileNotFound,),
        "`aws configure list-profiles` has the profiles that there are",
    ),
    (
        (exceptions.HTTPClientError, exceptions.ConnectionError),
        "AWS is not reached from here: look at the network, at proxies, and at the Region's name",
    ),
)
_ACCOUNT = re.compile(r"arn:aws[\w-]*:[\w-]+:[\w-]*:(\d{12}):")


def told_of_aws(error: BaseException) -> str | None:
    """None of an error that is not of AWS's API, and of one that says that a call was wrong: only a
    traceback shows whose mistake that is."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        cure = _BY_CODE.get(code)
        return None if cure is None else f"{error.operation_name}{_where(error)}: {error}\n{cure}"
    for kinds, cure in _BY_KIND:
        if isinstance(error, kinds):
            return f"{error}\n{cure}"
    return None


def _where(error: ClientError) -> str:
    """The account: as the session has noted it, or where AWS's answer tells it, by who was
    refused."""
    answer: dict[str, Any] = {**error.response}
    noted = answer.get("ResponseMetadata", {}).get("Account")
    found = _ACCOUNT.search(str(error))
    account = noted or (found and found[1])
    return f" in {account}" if account else ""
