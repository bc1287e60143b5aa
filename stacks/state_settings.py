"""Where the state of a customer's stacks lies, and what encrypts the secrets in it."""

from stacks.model import Model
from stacks.values import BackendUrl, FilePath, PulumiOrganization, SecretsProvider


class State(Model):
    """Of all stacks of a customer: they read each other's outputs. What is not set, the shell and
    Pulumi's own login say."""

    backend: BackendUrl | None = None
    """As `pulumi login` takes it."""
    organization: PulumiOrganization | None = None
    """Of Pulumi Cloud; none: the default one of whoever runs this."""
    secrets_provider: SecretsProvider | None = None
    """For stacks that are deployed for the first time."""
    passphrase_file: FilePath | None = None
    """On the machine of whoever runs this, `~` being their home."""
