"""What holds for the documents of all examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.scripts.texts import FOLDER
from stacks.script_documents import problems_of
from stacks.values import BUILT_IN_SCRIPTS
from tests.support import scripts


def test_the_examples_are_those_that_settings_take() -> None:
    assert sorted(BUILT_IN_SCRIPTS) == scripts.EXAMPLES


@pytest.mark.parametrize("name", scripts.EXAMPLES)
def test_an_example_is_a_document_of_a_script(name: str) -> None:
    assert list(problems_of((FOLDER / f"{name}.yaml").read_text(), "linux")) == []


@pytest.mark.parametrize("name", scripts.EXAMPLES)
def test_every_parameter_may_be_left_out_and_takes_no_quote(name: str) -> None:
    """What is filled into a shell's text must not end the quotes that it stands in."""
    for parameter, described in scripts.document(name)["parameters"].items():
        scripts.shell_text(name, {})
        if "allowedValues" not in described:
            with pytest.raises(AssertionError):
                scripts.shell_text(name, {parameter: f"{described['default']}'; reboot; '"})


@pytest.mark.parametrize("name", scripts.EXAMPLES)
def test_shellcheck_finds_nothing(name: str) -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), "--shell=bash", "-"],
        input=scripts.shell_text(name, {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
