"""The aws of the process, with a pump of each module's own."""

from collections.abc import Iterator

import pytest

from sandbox.tests.deployed_aws import DeployedAws, shared_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    aws = shared_aws(tmp_path_factory.getbasetemp() / "functions")
    aws.open()
    yield aws
    aws.close()
