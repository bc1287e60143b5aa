"""What the deploy role needs for each resource type: permissions.yaml, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

FILE = Path(__file__).with_name("permissions.yaml")
Role = Literal["management", "audit", "member"]
ROLES: tuple[Role, ...] = get_args(Role)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Need(_Model):
    """Actions on resources, or the handing over of roles; permissions.yaml says how it is read."""

    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    when: dict[str, dict[str, Any]] = {}
    passes: tuple[str, ...] = ()
    destroys: bool = False
    guards: bool = False
    bounded: bool = False


class Row(_Model):
    needs: tuple[Need, ...]
    roles: tuple[Role | Literal["alone"], ...] = ROLES


class Table(_Model):
    arns: dict[str, str]
    commands: dict[str, Row]
    """By the command that needs it besides."""
    types: dict[str, Row]

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Table:
        for type_, row in (self.types | self.commands).items():
            for need in row.needs:
                if unknown := set(need.resources) - self.arns.keys():
                    raise ValueError(f"{FILE.name}: {type_}: arns has no {', '.join(unknown)}")
                if bool(need.actions) == bool(need.passes):
                    raise ValueError(f"{FILE.name}: {type_}: write either actions or passes")
        return self

    def of(self, role: Role, *, alone: bool = False) -> Mapping[str, Row]:
        """The rows of the types that a role's stacks may have; `alone`: members of a customer
        without organization."""
        kinds = {role, "alone"} if alone else {role}
        return {type_: row for type_, row in self.types.items() if kinds & {*row.roles}}


@cache
def table() -> Table:
    return Table.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))
