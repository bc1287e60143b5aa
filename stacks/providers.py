"""The one provider of a stack: its account, in the role that deploys there; options with it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from stacks import names
from stacks.load import Settings
from stacks.policies import tell_policies
from stacks.settings import StackSettings


def account_provider(settings: Settings) -> aws.Provider:
    """Refuses to work in any account but the stack's, whatever credentials are at hand. What the
    customer chooses of the policies is told before it, and so before anything that it makes."""
    policies = tell_policies(settings)
    role_arn = names.deploy_role_arn(settings)
    return aws.Provider(
        "account",
        # Not by depends_on: of a component that waits for children, and this one has none.
        region=policies.urn.apply(lambda _: settings.region),
        allowed_account_ids=[settings.account],
        # A plain dict would reach the provider untranslated, in snake case, and be ignored there.
        assume_roles=[
            aws.ProviderAssumeRoleArgs(
                role_arn=role_arn,
                session_name="backup-org",
                external_id=settings.deploy_role_external_id,
            )
        ]
        if role_arn
        else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=_tags(settings)),
    )


def after(
    resources: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
) -> pulumi.ResourceOptions:
    """The account's options, for what needs these resources to stand."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(resources)))


def deployment_tags(settings: StackSettings) -> dict[str, str]:
    """By which what a customer's stacks made is known from what else stands in an account."""
    return {"managed-by": "backup-org", "customer": settings.customer}


def _tags(settings: StackSettings) -> dict[str, str]:
    return {**deployment_tags(settings), **settings.tags}
