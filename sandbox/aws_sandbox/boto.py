"""boto3 sessions that reach the sandbox and nothing else, whatever the environment says."""

from typing import Any

import boto3
import botocore.session
from botocore.loaders import create_loader
from typing_extensions import override

_LOADER = create_loader()
"""Reads botocore's models; shared, so that each is read once however many sessions there are."""


class _SandboxSession(botocore.session.Session):
    """Every client of this session has the sandbox's endpoint."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint
        self.register_component("data_loader", _LOADER)
        self.set_config_variable("config_file", "/dev/null")
        self.set_config_variable("credentials_file", "/dev/null")

    @override
    def get_scoped_config(self) -> dict[str, Any]:
        """No profile, not even the one that AWS_PROFILE names."""
        return {}

    @override
    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_client(*args, **(kwargs | {"endpoint_url": self._endpoint}))


def boto_session(
    endpoint: str,
    region: str,
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
) -> boto3.Session:
    """A session with explicit credentials; its clients' endpoint is the sandbox."""
    made = boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region,
        botocore_session=_SandboxSession(endpoint),
    )
    _LOADER.search_paths[:] = dict.fromkeys(_LOADER.search_paths)  # boto3 adds its own each time
    return made
