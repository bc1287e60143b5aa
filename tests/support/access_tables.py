"""Tables of who may do what by a policy document: tests/stack/access/*.yaml, a file a kind.

A row is [expected, principals, actions, resources, context]; in identity.yaml without principals,
where it is the role itself that asks. The first row that matches a request says what is expected of
it; a request that no row matches is kept out. "allow if lake" is said of stacks alone that have the
fact: from their settings (policy_documents.py), or by facts.yaml.

- expected: "allow"; "delegate", if the principal's own policies allow it too, as where a whole
  account is named; "deny", whatever other policies say; "keep out", as this document says nothing.
- principals: a service; 12 digits for whoever is of an account; 444444444444:role/x; "organization"
  for whoever is of the customer's; "anyone".
- resources: ARNs with wildcards; `queue:~tickets` or `bucket:lake/*` for the ARN of a recorded one,
  `key@<audit>:~x` where it is another account's; <self> for what the document governs; "*" where
  AWS reads no resource or the action knows none.
- context: values by condition key; `?` after a key: it may be missing; `>` before a number: more.
- `~` is what a customer's names start with, and a dash; <region> and the like are facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, cast

import yaml

from aws_sandbox.iam import AccessRequest, Effect, PolicyDocument, evaluate
from tests.support.policy_documents import ORGANIZATION, Deployed, Facts
from tests.support.recorder import made_up_arn

TABLES = Path(__file__).resolve().parents[1] / "stack" / "access"
ANSWERS = ("allow", "delegate", "deny", "keep out")
KINDS: Mapping[str, str] = {
    "bucket": "aws:s3/bucket:Bucket",
    "bus": "aws:cloudwatch/eventBus:EventBus",
    "function": "aws:lambda/function:Function",
    "key": "aws:kms/key:Key",
    "log": "aws:cloudwatch/logGroup:LogGroup",
    "queue": "aws:sqs/queue:Queue",
    "role": "aws:iam/role:Role",
    "rule": "aws:cloudwatch/eventRule:EventRule",
    "script": "aws:ssm/document:Document",
    "table": "aws:dynamodb/table:Table",
    "topic": "aws:sns/topic:Topic",
    "vault": "aws:backup/vault:Vault",
}
"""Of which the recorder makes up the ARN."""
_PLACEHOLDER = re.compile(r"<([a-z_]+)>")
_MADE_UP = re.compile(rf"({'|'.join(KINDS)})(?:@(\d+))?:([^:/]+)(.*)")


class NotApplicable(Exception):
    """A row that speaks of something that a stack has not."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row for one document, all placeholders filled in."""

    number: int
    """In its table, from 0."""
    expected: str
    """One of ANSWERS."""
    principals: tuple[str, ...]
    """ARNs, services, 12 digits of an account, "organization", "anyone"; "" for identity."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, tuple[str, ...]]
    """Values by condition key, whose `?` says that it may be missing; a `>` is before a number."""

    def matches(self, request: AccessRequest) -> bool:
        return (
            any(includes(group, request) for group in self.principals)
            and any(fnmatchcase(request.action.lower(), a.lower()) for a in self.actions)
            and any(fnmatchcase(request.resource, pattern) for pattern in self.resources)
            and all(_holds(key, values, request) for key, values in self.context.items())
        )


def _holds(key: str, values: Sequence[str], request: AccessRequest) -> bool:
    found = request.keys.get(key.removesuffix("?").lower())
    if found is None:
        return key.endswith("?")
    return any(_is(value, str(found)) for value in values)


def _is(wanted: str, found: str) -> bool:
    if wanted.startswith(">"):
        return float(found) > float(wanted[1:])
    return fnmatchcase(found, wanted)


def includes(group: str, request: AccessRequest) -> bool:
    """Whether a request's principal is meant by a row's word for whom it speaks of."""
    principal = request.principal
    if group == "organization":
        return request.keys.get("aws:principalorgid") == ORGANIZATION
    return group in ("", "anyone", principal.service, principal.arn) or (
        group == principal.account != ""
    )


def expected(rows: Sequence[Row], request: AccessRequest) -> str:
    return next((row.expected for row in rows if row.matches(request)), "keep out")


def answer(document: PolicyDocument, request: AccessRequest) -> str:
    decision = evaluate([document], request)
    if decision.allowed:
        return "delegate" if decision.through_account else "allow"
    return "deny" if decision.effect is Effect.EXPLICIT_DENY else "keep out"


@cache
def tables(kind: str) -> Mapping[str, Sequence[Sequence[Any]]]:
    """By the name of a document: its rows as they stand in the file."""
    read = yaml.safe_load((TABLES / f"{kind}.yaml").read_text(encoding="utf-8"))
    found: dict[str, Sequence[Sequence[Any]]] = {}
    for entry in cast("Sequence[Mapping[str, Any]]", read["tables"]):
        for name in entry["of"]:
            if name in found:
                raise AssertionError(f"{kind}.yaml: {name} has two tables")
            found[name] = entry["cases"]
    return found


@cache
def _variants() -> Sequence[Mapping[str, Any]]:
    return yaml.safe_load((TABLES / "facts.yaml").read_text(encoding="utf-8"))


def facts_of(document: Deployed) -> Facts:
    """What the settings say, and what facts.yaml says of its recording."""
    found = dict(document.facts)
    for entry in _variants():
        if _fits(document.recording, entry["recordings"]) and _fits(
            document.name, entry.get("documents", ["*"])
        ):
            found |= entry["facts"]
    return {name: value for name, value in found.items() if value is not None}


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _anybodys_facts(document: Deployed) -> Facts:
    """With those of other recordings, where this one has none."""
    others: dict[str, Any] = {}
    for entry in _variants():
        others |= {name: value for name, value in entry["facts"].items() if value is not None}
    return {**others, **facts_of(document)}


def rows_of(document: Deployed) -> list[Row]:
    """The rows of the document's table that its stack has the facts for."""
    facts = facts_of(document)
    table = tables(document.kind)[document.name]
    said = [(n, cells) for n, cells in enumerate(table) if _condition(cells) in ("", *facts)]
    return _rows(said, document, facts)


def conceivable_rows(document: Deployed) -> list[Row]:
    """Also those that are said of other stacks alone: what is granted there is asked for here."""
    table = tables(document.kind)[document.name]
    return _rows(list(enumerate(table)), document, _anybodys_facts(document))


def rows_of_others(document: Deployed) -> list[Row]:
    """What others of its kind may do, as if it were said of this document."""
    tables_of_others = {n: t for n, t in tables(document.kind).items() if n != document.name}
    others = [cells for table in tables_of_others.values() for cells in table]
    return _rows(list(enumerate(others)), document, _anybodys_facts(document))


def _condition(cells: Sequence[Any]) -> str:
    return str(cells[0]).partition(" if ")[2]


def _rows(
    numbered: Sequence[tuple[int, Sequence[Any]]], document: Deployed, facts: Facts
) -> list[Row]:
    found: list[Row] = []
    for number, cells in numbered:
        with suppress(NotApplicable):
            found.append(_row(number, cells, facts, document))
    return found


def _row(number: int, cells: Sequence[Any], facts: Facts, document: Deployed) -> Row:
    outcome = str(cells[0]).partition(" if ")[0]
    if outcome not in ANSWERS:
        raise AssertionError(f"{document}: {outcome!r} is none of {', '.join(ANSWERS)}")
    said: list[Any] = ["", *cells[1:]] if document.is_identity else list(cells[1:])
    principals, actions, resources, *context = said
    conditions: Mapping[str, Any] = context[0] if context else {}
    return Row(
        number=number,
        expected=outcome,
        principals=tuple(_principal(name) for name in filled(principals, facts)),
        actions=tuple(_listed(actions)),
        resources=tuple(filled(resources, facts)),
        context={key: tuple(filled(values, facts)) for key, values in conditions.items()},
    )


def _listed(value: object) -> list[str]:
    return cast("list[str]", value) if isinstance(value, list) else [str(value)]


def filled(value: object, facts: Facts) -> list[str]:
    """All that a cell says to these facts; what asks for a fact that is not there, falls away."""
    found = [text for cell in _listed(value) for text in _texts(cell, facts)]
    if not found:
        raise NotApplicable(value)
    return found


def _texts(cell: str, facts: Facts) -> Iterator[str]:
    """With each value of each placeholder, which may hold placeholders itself."""
    asked = sorted(set(_PLACEHOLDER.findall(cell)))
    if not asked:
        yield _arn(cell.replace("~", f"{facts['prefix']}-"), facts)
        return
    for values in product(*(_listed(facts.get(name, [])) for name in asked)):
        text = cell
        for name, value in zip(asked, values, strict=True):
            text = text.replace(f"<{name}>", value)
        yield from _texts(text, facts)


def _arn(text: str, facts: Facts) -> str:
    """queue:acme-backup-tickets as the ARN that the recorder made up; bucket:lake by its name."""
    found = _MADE_UP.fullmatch(text)
    if not found:
        return text
    kind, other_account, name, below = found.groups()
    account = other_account or str(facts["account"])
    if kind == "bucket":
        name = f"{facts['customer']}-backup-{name}-{account}-{facts['region']}"
    return made_up_arn(KINDS[kind], name, "aws", account) + below


def _principal(name: str) -> str:
    return f"arn:aws:iam::{name}" if re.match(r"\d{12}:", name) else name
