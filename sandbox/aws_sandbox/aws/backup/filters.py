"""The `By…` parameters of the List operations."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.scope import Params


def matching(
    items: Sequence[Document], params: Params, members: Mapping[str, str]
) -> list[Document]:
    """The items that pass every filter given.

    `members` maps a parameter to the member it looks at (`CreatedBy.BackupPlanId`): one that ends
    in Before or After compares, another one must be equal; `*` passes everything.
    """
    wanted = {
        name: params[name]
        for name in members
        if params.get(name) is not None and params[name] != "*"
    }
    return [
        item
        for item in items
        if all(_passes(name, _member(item, members[name]), value) for name, value in wanted.items())
    ]


def _member(item: Mapping[str, Any], path: str) -> Any:
    value: Any = item
    for name in path.split("."):
        value = None if value is None else value.get(name)
    return value


def _passes(name: str, found: Any, wanted: Any) -> bool:
    if name.endswith("Before"):
        return found is not None and found < wanted
    if name.endswith("After"):
        return found is not None and found > wanted
    return found == wanted
