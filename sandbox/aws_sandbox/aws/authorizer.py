"""May the caller make this call? Asked before moto sees it."""

from collections.abc import Mapping, Sequence

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.calls import Call
from aws_sandbox.aws.directory import organization_backend
from aws_sandbox.aws.errors import AwsError, access_denied
from aws_sandbox.aws.permissions import MAPPERS, organizations
from aws_sandbox.aws.permissions.needs import Need, Request
from aws_sandbox.aws.principals import principal_policies
from aws_sandbox.aws.sessions import Caller
from aws_sandbox.iam import Decision
from aws_sandbox.iam.requests import ContextValue

_ACTS_IN_RESOURCES_ACCOUNT = frozenset(
    {"dynamodb", "glue", "kms", "lambda", "secretsmanager", "sns", "sqs", "ssm"}
)
"""Services whose calls name another account's resource by ARN or URL: moto has one backend an
account, so such a call is answered by the owner's. (S3 finds the owner itself; an event stays its
sender's.)"""


class Authorizer:
    """Maps a call to the permissions that it needs and asks for each.

    An administrator of the account may also make calls that are not mapped; the mapped ones are
    asked for administrators too, since a bucket's or key's policy can deny them.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def authorize(self, call: Call, caller: Caller) -> str:
        """The account to act in; raises AwsError as the service says that it is not allowed."""
        account = caller.principal.account
        mapper = MAPPERS.get(call.name)
        if mapper is None:
            if not principal_policies(caller.principal.arn).administrator:
                raise _denied(call, f"the sandbox does not know which permission {call.name} needs")
            return self._acting_account(call, account, ())
        try:
            needs = list(mapper(Request(call=call, account=account)))
        except (KeyError, ValueError, LookupError) as error:
            raise AwsError(
                "ValidationException", f"{call.name}: the request cannot be read: {error}"
            ) from error
        for need in needs:
            decision = self._decide(need, call, caller)
            if not decision.allowed:
                raise _denied(call, _refusal(need, caller, decision))
        return self._acting_account(call, account, needs)

    def _decide(self, need: Need, call: Call, caller: Caller) -> Decision:
        context = {**_general_context(call, caller), **need.context}
        if need.key is not None:
            return self._access.check_key(
                caller.principal,
                need.key,
                need.action,
                through=call.service,
                context=context,
                session_policies=caller.session_policies,
            )
        return self._access.check(
            caller.principal,
            need.action,
            need.resource,
            context=context,
            session_policies=caller.session_policies,
            policies_of=need.policies_of,
        )

    def _acting_account(self, call: Call, account: str, needs: Sequence[Need]) -> str:
        if call.service == "organizations":
            return _organizations_account(call, account)
        if call.service in _ACTS_IN_RESOURCES_ACCOUNT and needs and needs[0].resource != "*":
            return Arn.parse(needs[0].resource).account or account
        return account


def _denied(call: Call, message: str) -> AwsError:
    return access_denied(call.service, call.protocol, message)


def _general_context(call: Call, caller: Caller) -> Mapping[str, ContextValue]:
    return {
        "aws:RequestedRegion": call.region,
        "aws:SourceIp": call.request.remote_addr or "127.0.0.1",
        "aws:UserAgent": call.request.headers.get("User-Agent", ""),
        "aws:userid": caller.unique_id,
        "aws:ViaAWSService": "false",
    }


def _refusal(need: Need, caller: Caller, decision: Decision) -> str:
    return (
        f"User: {caller.principal} is not authorized to perform: {need.action} on resource: "
        f"{need.resource} because {decision.reason}"
    )


def _organizations_account(call: Call, account: str) -> str:
    """A member reads its organization in the management account, where moto keeps it: what every
    member may read, or what a delegated administrator may."""
    organization = organization_backend(account)
    if organization is None or organization.account_id == account:
        return account
    delegated = any(admin.account.id == account for admin in organization.admins)
    if call.operation == "DescribeOrganization" or (
        delegated and call.operation in organizations.READS
    ):
        return organization.account_id
    raise _denied(
        call,
        f"You don't have permissions to access this resource: account {account} is neither the "
        "management account nor a delegated administrator of its organization.",
    )
