"""The workbench of the process, with a pump of each module's own."""

from collections.abc import Iterator

import pytest

from aws_sandbox.events.workbench import Workbench, shared_workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    workbench = shared_workbench(tmp_path_factory.getbasetemp() / "functions")
    workbench.open()
    yield workbench
    workbench.close()
