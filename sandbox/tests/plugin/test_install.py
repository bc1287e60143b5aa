"""Where the engine finds the plugin."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from aws_sandbox.plugin import VERSION, install


def test_the_engine_finds_the_plugin_and_a_second_installation_changes_nothing(
    tmp_path: Path,
) -> None:
    executable = install(tmp_path, Path(sys.executable))
    assert executable == tmp_path / f"plugins/resource-aws-v{VERSION}/pulumi-resource-aws"
    assert os.access(executable, os.X_OK)
    before = executable.read_bytes()
    assert install(tmp_path, Path(sys.executable)).read_bytes() == before


def test_the_plugin_is_of_the_sdks_own_version() -> None:
    assert version("pulumi-aws") == VERSION
