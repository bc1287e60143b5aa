"""What an API call needs to be allowed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aws_sandbox.aws.calls import Call
from aws_sandbox.aws.keys import EncryptionKey
from aws_sandbox.iam.requests import ContextValue


@dataclass(frozen=True, kw_only=True)
class Need:
    """One action on one resource, or the use of a KMS key by way of the called service."""

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict[str, ContextValue])
    """Condition keys of this action (`s3:x-amz-acl`)."""
    key: EncryptionKey | None = None
    """For a `kms:` action on the key that encrypts the resource."""
    policies_of: str = ""
    """The ARN of what carries the resource's policy, where that is not the resource itself."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call with the account that makes it."""

    call: Call
    account: str

    def arn(self, resource: str, service: str = "") -> str:
        """The ARN of a resource of the called service in the caller's account and Region."""
        name = service or self.call.service
        return f"arn:aws:{name}:{self.call.region}:{self.account}:{resource}"

    def text(self, name: str) -> str:
        """A parameter as text, "" when it is not there."""
        value = self.call.params.get(name)
        return "" if value is None else str(value)

    def named_arn(self, name: str, prefix: str) -> str:
        """A parameter that is an ARN already or the name of a resource below `prefix`."""
        value = self.text(name)
        return value if value.startswith("arn:") else self.arn(f"{prefix}{value}")


Mapper = Callable[[Request], Iterable[Need]]
"""What a call needs; nothing at all for a call that is open to everybody."""


def anywhere(action: str) -> Mapper:
    """An action that IAM knows on no particular resource: the resource is `*`."""
    return lambda _request: [Need(action=action, resource="*")]
