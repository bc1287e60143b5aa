"""Which controls of standards an archive speaks to: what it shows, and what it cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

FILE = Path(__file__).with_name("controls.yaml")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Control(_Model):
    """One row of controls.yaml, which says what the fields are."""

    id: str
    standard: str
    title: str
    asks: str
    shows: tuple[str, ...] = Field(min_length=1)
    files: tuple[str, ...] = Field(min_length=1)
    not_shown: tuple[str, ...] = Field(min_length=1)


class ShownControl(_Model):
    """A control with the period's figures."""

    id: str
    standard: str
    title: str
    asks: str
    shown: tuple[str, ...]
    files: tuple[str, ...]
    not_shown: tuple[str, ...]


@cache
def controls() -> Sequence[Control]:
    return TypeAdapter(tuple[Control, ...]).validate_python(
        yaml.safe_load(FILE.read_text(encoding="utf-8"))
    )


def shown_controls(facts: Mapping[str, str], names: Collection[str]) -> Sequence[ShownControl]:
    """`facts` by their names; `names` of what is in the archive."""
    return [_shown(control, facts, names) for control in controls()]


def _shown(control: Control, facts: Mapping[str, str], names: Collection[str]) -> ShownControl:
    absent = [file for file in control.files if not _is_there(file, names)]
    return ShownControl(
        id=control.id,
        standard=control.standard,
        title=control.title,
        asks=control.asks,
        shown=tuple(facts[fact] for fact in control.shows),
        files=tuple(file for file in control.files if file not in absent),
        not_shown=(
            *(f"{file} is not in this archive." for file in absent),
            *control.not_shown,
        ),
    )


def _is_there(file: str, names: Collection[str]) -> bool:
    return any(name.startswith(file) for name in names) if file.endswith("/") else file in names
