"""What the operations of Systems Manager share: a call, its errors and pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.context import Services
from aws_sandbox.aws.principals import Caller


class SsmError(ServiceException):
    """An error of the Systems Manager API; `code` is the exception's name in botocore's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


@dataclass(frozen=True, kw_only=True)
class SsmCall:
    """One call of one operation, with who makes it and where."""

    account: str
    region: str
    caller: Caller
    services: Services
    params: Mapping[str, Any]

    @property
    def backend(self) -> SimpleSystemManagerBackend:
        return ssm_backends[self.account][self.region]

    @property
    def caller_arn(self) -> str:
        """As STS names the caller: a role's session, or a user."""
        principal = self.caller.principal
        return principal.session_arn or principal.arn

    def know(self, *names: str) -> None:
        """Refuses what the call has beside these parameters."""
        if unknown := sorted(name for name in self.params.keys() - names if self.params[name]):
            raise not_carried_out(f"{', '.join(unknown)} of this operation")


Operation = Callable[[SsmCall], Mapping[str, Any]]
"""An operation: its answer's members; SsmError for an error."""

_LARGEST_PAGE = 50


def page(call: SsmCall, name: str, items: Sequence[Any]) -> Mapping[str, Any]:
    """The page that MaxResults and NextToken ask for, as the member `name` of the answer."""
    token = str(call.params.get("NextToken") or "0")
    if not token.isdigit():
        raise SsmError("InvalidNextToken", f"{token!r} is none that a list was answered with")
    start = int(token)
    end = start + int(call.params.get("MaxResults") or _LARGEST_PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {name: items[start:end], **more}
