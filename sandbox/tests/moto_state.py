"""moto's state is the process's, and so shared by all tests that a worker runs."""

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.organizations.models import organizations_backends


def forget_everything() -> None:
    """For a server of a module's own: what other modules left is not there."""
    BackendDict.reset()
    organizations_backends.master_accounts.clear()
    reset_model_data()
