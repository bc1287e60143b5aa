"""How whoever runs `backup-org` gets into a customer's accounts."""

from stacks.model import Model
from stacks.values import AwsProfile, ExternalId, RoleArn


class Access(Model):
    """Credentials of a customer's own, which the deploy role of each of its accounts trusts."""

    profile: AwsProfile | None = None
    """Of the AWS configuration of whoever runs this; none: the credentials at hand."""
    role: RoleArn | None = None
    """Assumed first, with the profile's credentials; the deploy role is assumed from it."""
    external_id: ExternalId | None = None
    """What the trust of `role` asks of whoever assumes it."""
