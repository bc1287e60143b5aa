"""What is changed in moto's Athena."""

from pathlib import Path

import pytest
from moto.athena.responses import AthenaResponse

from aws_sandbox.moto_changes.athena import install
from aws_sandbox.moto_changes.replacements import Replacements


def test_motos_own_operations_come_back_when_the_sandbox_ends(tmp_path: Path) -> None:
    before = dict(vars(AthenaResponse))
    replacements = Replacements()
    install(replacements, tmp_path).stop()
    changed = {name for name, value in vars(AthenaResponse).items() if before.get(name) != value}
    assert {"start_query_execution", "get_query_results", "update_work_group"} <= changed
    replacements.undo()
    assert dict(vars(AthenaResponse)) == before


def test_an_operation_that_moto_no_longer_has_is_found_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(AthenaResponse, "get_query_results")
    replacements = Replacements()
    try:
        with pytest.raises(AttributeError, match="get_query_results"):
            install(replacements, tmp_path)
    finally:
        replacements.undo()
