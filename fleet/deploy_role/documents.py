"""The policies of a role that deploys a stack, and may do nothing else."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fleet.deploy_role.table import Need, table
from stacks import names
from stacks.settings import Settings

LIMIT = 6144
"""Characters of a managed policy, white space not counted:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

Statement = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What ARNs and conditions hang on in the settings of the stacks that a role deploys."""

    partition: str
    values: Mapping[str, Sequence[str]]
    """Of the placeholders in ARNs."""
    boundaries: Sequence[str]
    destroys: bool
    guards: bool

    def asks_for(self, need: Need) -> bool:
        return (self.destroys or not need.destroys) and (self.guards or not need.guards)

    def arns(self, pattern: str) -> Iterator[str]:
        used = [name for name in self.values if f"{{{name}}}" in pattern]
        for values in itertools.product(*(self.values[name] for name in used)):
            filled = pattern
            for name, value in zip(used, values, strict=True):
                filled = filled.replace(f"{{{name}}}", value)
            yield f"arn:{self.partition}:{filled}"


def documents(stacks: Sequence[Settings], commands: Iterable[str] = ()) -> list[str]:
    """For a customer's stacks of one role: as many as IAM's limit makes of them, in JSON, each to
    be a managed policy of the role that deploys them, and runs `commands` besides."""
    first = stacks[0]
    rows = table().of(first.role, alone=first.alerts_in == "member")
    besides = [table().commands[command] for command in commands]
    needs = [need for row in (*rows.values(), *besides) for need in row.needs]
    return _written(needs, stacks)


def command_documents(command: str, stacks: Sequence[Settings]) -> list[str]:
    """Likewise, for what a command does in the accounts besides."""
    return _written(table().commands[command].needs, stacks)


def _written(needs: Sequence[Need], stacks: Sequence[Settings]) -> list[str]:
    statements = _statements(needs, _scope(stacks))
    return [_document(packed) for packed in _packed(statements)]


def size(document: str) -> int:
    """As IAM counts it."""
    return len(re.sub(r"\s", "", document))


def _scope(stacks: Sequence[Settings]) -> Scope:
    values = [settings.model_dump(mode="json") for settings in stacks]
    reports = [value["reports"] for value in values if value.get("reports")]
    return Scope(
        partition=stacks[0].partition,
        values={
            "name": _each(name for settings in stacks for name in _names(settings)),
            "path": _each(settings.iam.role_path for settings in stacks),
            "bucket": _each(
                [f"{s.customer}-backup-*" for s in stacks] + [r["bucket"]["name"] for r in reports]
            ),
            "database": _each(
                [names.database(s.customer) for s in stacks]
                + [r["lake"]["database"] for r in reports]
            ),
        },
        boundaries=_each(_boundary(settings.iam.permissions_boundary) for settings in stacks),
        destroys=any(map(_has_force_destroy, values)),
        guards=any(value.get("guard_rails") for value in values),
    )


def _each(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _names(settings: Settings) -> Iterator[str]:
    """What names start with: the customer's, and the published ones, which stand by themselves."""
    ours = f"{names.prefix(settings)}-"
    yield f"{ours}*"
    for published in (
        names.monitoring_rule(settings),
        names.ticket_function(settings),
        names.report_mail_function(settings),
    ):
        if not published.startswith(ours):
            yield f"{published}*"


def _boundary(policy: str | None) -> str | None:
    """In whichever account, where settings name it alone."""
    if policy is None or policy.startswith("arn:"):
        return policy
    return f"arn:{{partition}}:iam::*:policy/{policy.removeprefix('/')}"


def _has_force_destroy(value: Any) -> bool:
    if isinstance(value, Mapping):
        pairs = cast(Mapping[str, Any], value).items()
        return any((k, v) == ("force_destroy", True) or _has_force_destroy(v) for k, v in pairs)
    return isinstance(value, list) and any(map(_has_force_destroy, cast(list[Any], value)))


def _statements(needs: Sequence[Need], scope: Scope) -> Iterator[Statement]:
    """One for the needs that are alike in resources and conditions."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for need in needs:
        if need.actions and scope.asks_for(need):
            arns = [arn for on in need.resources for arn in scope.arns(table().arns[on])]
            found[json.dumps(arns or ["*"]), _conditions(need, scope)].update(need.actions)
    for (resources, conditions), actions in sorted(found.items()):
        yield _allow(actions, json.loads(resources), json.loads(conditions))
    services = sorted({service for need in needs for service in need.passes})
    if services:
        passed = {"StringEquals": {"iam:PassedToService": services}}
        yield _allow(["iam:PassRole"], list(scope.arns(table().arns["role"])), passed)


def _conditions(need: Need, scope: Scope) -> str:
    """In JSON; with a boundary in the settings, no role is made or changed but under that."""
    conditions = dict(need.when)
    if need.bounded and scope.boundaries:
        bounds = {"iam:PermissionsBoundary": scope.boundaries}
        conditions["ArnLike"] = {**conditions.get("ArnLike", {}), **bounds}
    return json.dumps(conditions).replace("{partition}", scope.partition)


def _allow(
    actions: Iterable[str], resources: Sequence[str], conditions: Mapping[str, Any]
) -> Statement:
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return {**statement, "Condition": conditions} if conditions else statement


def _document(statements: Sequence[Statement]) -> str:
    document = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(document, indent=2) + "\n"


def _packed(statements: Iterable[Statement]) -> list[list[Statement]]:
    """The largest first, each where there is room for it."""
    documents: list[list[Statement]] = []
    for statement in sorted(statements, key=lambda s: -size(json.dumps(s))):
        with_room = (d for d in documents if size(_document([*d, statement])) <= LIMIT)
        room = next(with_room, None)
        if room is None:
            documents.append(room := [])
        room.append(statement)
    return documents
