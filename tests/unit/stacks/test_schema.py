"""The schema that editors use: fresh, and true of the example files."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from stacks.schema import schema_text

STACKS = Path(__file__).resolve().parents[3] / "stacks"
FILES = sorted((STACKS / "customers").glob("*.yaml"))


def test_the_committed_schema_is_fresh() -> None:
    committed = (STACKS / "settings.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: make schema"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_file_fits_the_schema_and_names_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), json.loads(schema_text()))
    assert text.startswith("# yaml-language-server: $schema=../settings.schema.json\n")


def test_an_unknown_key_does_not_fit() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"customer": "acme", "regio": "x"}, json.loads(schema_text()))
