"""May this principal do this? Asked for every signed request and at every step of an event.

The answer is read from moto's state: the policies of roles and users, of buckets, queues, topics,
buses, functions, secrets, keys and roles, and the organization's tree.
"""

from collections.abc import Mapping, Sequence

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.clock import Clock, utc_now
from aws_sandbox.aws.membership import (
    organization_keys,
    resource_control_policies,
    service_control_policies,
)
from aws_sandbox.aws.principals import (
    Session,
    Sessions,
    find_role,
    principal_policies,
)
from aws_sandbox.aws.resources import (
    KEY_USES,
    EncryptionKey,
    aws_managed_key,
    resource_policies,
    resource_tags,
)
from aws_sandbox.iam import (
    AccessRequest,
    Decision,
    Effect,
    PolicyDocument,
    PolicyError,
    Principal,
    combine,
    evaluate,
)
from aws_sandbox.iam.requests import ContextValue

Context = Mapping[str, ContextValue]

_SERVICE_LINKED = ":role/aws-service-role/"
"""Service and resource control policies do not limit service-linked roles."""


_WITHOUT_SOURCE = {
    ("ec2.amazonaws.com", "sts:AssumeRole"),
    ("events.amazonaws.com", "sns:Publish"),
}
"""Who does not say on whose behalf it acts. EventBridge's guide forbids conditions for it in the
policies of topics, SNS's those on the source in the policies of their keys."""


class AccessDeniedError(Exception):
    """AWS would refuse this; the decision's reason says which policy decided."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Access:
    """The policies of the whole sandbox, asked one request at a time."""

    def __init__(self, sessions: Sessions, clock: Clock = utc_now) -> None:
        self._sessions = sessions
        self._clock = clock

    def check_service(
        self,
        service: str,
        action: str,
        resource_arn: str,
        *,
        source_arn: str = "",
        source_account: str = "",
        context: Context | None = None,
    ) -> Decision:
        """May an AWS service (`events.amazonaws.com`) act on a resource, on behalf of a source?

        The resource's own policy alone decides. For a queue or topic with a KMS key, the key's
        policy must allow the service `kms:GenerateDataKey` and `kms:Decrypt` as well.
        """
        source: dict[str, ContextValue] = {}
        if (service, action) in _WITHOUT_SOURCE:
            source_arn = source_account = ""
        if source_arn:
            source["aws:SourceArn"] = source_arn
        if source_account:
            source["aws:SourceAccount"] = source_account
            source |= organization_keys(source_account, "aws:Source")
        principal = Principal(arn="", account="", service=service)
        return self.check(principal, action, resource_arn, context=source | dict(context or {}))

    def check_role(
        self, role_arn: str, action: str, resource_arn: str, *, context: Context | None = None
    ) -> Decision:
        """May a role act on a resource: its own policies with the resource's, and its key's?"""
        principal = Principal(arn=role_arn, account=Arn.parse(role_arn).account)
        return self.check(principal, action, resource_arn, context=context)

    def check_account(
        self, account: str, action: str, resource_arn: str, *, context: Context | None = None
    ) -> Decision:
        """Does the resource's policy open it to an account as a whole, no role being used?

        So EventBridge asks when a rule without a role forwards to a bus in another account.
        """
        principal = Principal(arn=f"arn:aws:iam::{account}:root", account=account)
        try:
            policies = resource_policies(resource_arn, action)
        except PolicyError as error:
            return _unreadable(error)
        request = self._request(principal, action, resource_arn, context or {}, policies.account)
        return evaluate(policies.documents, request)

    def check_trust(
        self, role_arn: str, service: str, *, source_arn: str = "", source_account: str = ""
    ) -> Decision:
        """May an AWS service assume a role: does the role exist and its trust policy allow it?"""
        if find_role(role_arn) is None:
            return Decision(effect=Effect.IMPLICIT_DENY, reason=f"there is no role {role_arn}")
        return self.check_service(
            service,
            "sts:AssumeRole",
            role_arn,
            source_arn=source_arn,
            source_account=source_account,
        )

    def assume_for_service(
        self,
        role_arn: str,
        service: str,
        session_name: str,
        *,
        duration_seconds: int = 3600,
        source_arn: str = "",
    ) -> Session:
        """Credentials of a role for an AWS service that runs something, as Lambda does.

        Raises AccessDeniedError when the role does not exist or does not trust the service.
        """
        decision = self.check_trust(
            role_arn, service, source_arn=source_arn, source_account=Arn.parse(role_arn).account
        )
        if not decision.allowed:
            raise AccessDeniedError(decision)
        return self._sessions.issue(role_arn, session_name, duration_seconds)

    def check(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        *,
        context: Context | None = None,
        session_policies: Sequence[PolicyDocument] = (),
        policies_of: str = "",
    ) -> Decision:
        """The whole answer for any principal, the key of a queue or topic included.

        `policies_of` is the ARN of what carries the resource's policy where that is not the
        resource itself: a recovery point's stands on its vault.
        """
        decision = self._check(
            principal,
            action,
            resource_arn,
            context=context or {},
            session_policies=session_policies,
            policies_of=policies_of,
        )
        if not decision.allowed:
            return decision
        use = KEY_USES.get(action)
        key = use.key_of(resource_arn) if use else None
        if use is None or key is None:
            return decision
        through = Arn.parse(resource_arn).service
        for key_action in use.actions:
            decision = self.check_key(
                principal,
                key,
                key_action,
                through=through,
                context={**use.context(resource_arn), **(context or {})},
                session_policies=session_policies,
            )
            if not decision.allowed:
                break
        return decision

    def check_key(
        self,
        principal: Principal,
        key: EncryptionKey,
        action: str,
        *,
        through: str,
        context: Context | None = None,
        session_policies: Sequence[PolicyDocument] = (),
    ) -> Decision:
        """May a principal use a KMS key by way of a service (`s3`, `sns`) that encrypts with it?"""
        arn = Arn.parse(key.arn)
        if key.aws_managed:
            return aws_managed_key(principal, key, action)
        keys = dict(context or {})
        if not principal.service:
            keys["kms:ViaService"] = f"{through}.{arn.region}.amazonaws.com"
            keys["kms:CallerAccount"] = principal.account
        return self._check(
            principal, action, key.arn, context=keys, session_policies=session_policies
        )

    def _check(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        *,
        context: Context,
        session_policies: Sequence[PolicyDocument],
        policies_of: str = "",
    ) -> Decision:
        try:
            resource = resource_policies(policies_of or resource_arn, action)
            request = self._request(principal, action, resource_arn, context, resource.account)
            controls = resource_control_policies(resource.account, action)
            if principal.service:
                return combine(
                    request,
                    resource_account=resource.account,
                    resource=resource.documents,
                    limits=controls,
                )
            own = principal_policies(principal.arn)
            bounds = [own.boundary, session_policies or None]
            if _SERVICE_LINKED not in principal.arn:
                bounds += [*service_control_policies(principal.account), *controls]
            return combine(
                request,
                resource_account=resource.account or principal.account,
                identity=own.identity,
                resource=resource.documents,
                limits=[limit for limit in bounds if limit is not None],
                grant=resource.grant,
            )
        except PolicyError as error:
            return _unreadable(error)

    def _request(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        context: Context,
        resource_account: str,
    ) -> AccessRequest:
        now = self._clock()
        keys: dict[str, ContextValue] = {
            # The loopback interface stands in for TLS: nothing here leaves the machine.
            "aws:SecureTransport": "true",
            "aws:CurrentTime": now.isoformat(),
            "aws:EpochTime": str(int(now.timestamp())),
            "aws:ResourceAccount": resource_account,
            **organization_keys(resource_account, "aws:Resource"),
            **{f"aws:ResourceTag/{key}": tag for key, tag in resource_tags(resource_arn).items()},
        }
        if not principal.service:
            keys |= organization_keys(principal.account, "aws:Principal")
        return AccessRequest(
            principal=principal,
            action=action,
            resource=resource_arn,
            context=keys | dict(context),
        )


def _unreadable(error: PolicyError) -> Decision:
    return Decision(
        effect=Effect.IMPLICIT_DENY, reason=f"the sandbox cannot evaluate a policy: {error}"
    )
