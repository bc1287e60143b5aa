"""STS as AWS answers it: a role must exist and trust its caller, and durations have limits."""

import moto.sts.urls
from moto.core.responses import ActionResult
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from aws_sandbox.aws.context import RequestContext
from aws_sandbox.aws.principals import Session, find_role
from aws_sandbox.iam import PolicyDocument, PolicyError
from aws_sandbox.moto_changes.replacements import Replacements

_HOUR = 3600
_LEAST_SECONDS = 900
_ROLE_CHAINING = "1 hour session limit for roles assumed by role chaining"


class SandboxTokenResponse(TokenResponse):
    """AssumeRole and GetCallerIdentity; the authorizer has checked trust and permissions.

    Moto makes up the credentials of the other calls: they are refused.
    """

    def assume_role(self) -> ActionResult:
        role_arn = str(self._get_param("RoleArn"))
        context = RequestContext.of(self)
        policy = self._get_param("Policy")
        if self._get_param("PolicyArns"):
            raise STSClientError(
                "ValidationError",
                "The sandbox does not know PolicyArns in AssumeRole; give Policy instead.",
            )
        session = context.services.sessions.issue(
            role_arn,
            str(self._get_param("RoleSessionName")),
            self._duration(role_arn, chained=bool(context.caller.principal.session_arn)),
            [_session_policy(policy)] if policy else [],
        )
        return ActionResult(_answer(session))

    def get_caller_identity(self) -> ActionResult:
        caller = RequestContext.of(self).caller
        return ActionResult(
            {
                "UserId": caller.unique_id,
                "Account": caller.principal.account,
                "Arn": str(caller.principal),
            }
        )

    def get_session_token(self) -> ActionResult:
        raise NotImplementedError("sts:GetSessionToken")

    def get_federation_token(self) -> ActionResult:
        raise NotImplementedError("sts:GetFederationToken")

    def assume_role_with_web_identity(self) -> ActionResult:
        raise NotImplementedError("sts:AssumeRoleWithWebIdentity")

    def assume_role_with_saml(self) -> ActionResult:
        raise NotImplementedError("sts:AssumeRoleWithSAML")

    def _duration(self, role_arn: str, *, chained: bool) -> int:
        seconds = self._get_int_param("DurationSeconds", _HOUR)
        if seconds < _LEAST_SECONDS:
            raise STSClientError(
                "ValidationError",
                f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must "
                f"have value greater than or equal to {_LEAST_SECONDS}",
            )
        role = find_role(role_arn)
        limit = int(role.max_session_duration or _HOUR) if role else _HOUR
        if chained and seconds > _HOUR:
            raise STSClientError(
                "ValidationError",
                f"The requested DurationSeconds exceeds the {_ROLE_CHAINING}.",
            )
        if seconds > limit:
            raise STSClientError(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        return seconds


def _session_policy(text: str) -> PolicyDocument:
    try:
        return PolicyDocument.parse("session policy", text)
    except PolicyError as error:
        raise STSClientError("MalformedPolicyDocument", str(error)) from error


def _answer(session: Session) -> dict[str, object]:
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires.replace(tzinfo=None),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": session.caller.unique_id,
            "Arn": session.caller.principal.session_arn,
        },
    }


def install_permanently(replacements: Replacements) -> None:
    replacements.route(moto.sts.urls, "{0}/$", SandboxTokenResponse.dispatch)
