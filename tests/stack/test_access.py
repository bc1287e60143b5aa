"""Every policy document that a stack deploys lets in whom its table names, and nobody else."""

from __future__ import annotations

import pytest

from aws_sandbox.iam import AccessRequest, PolicyDocument
from tests.support.access_requests import named, requests
from tests.support.access_tables import Row, answer, expected, facts_of, rows_of, tables
from tests.support.policy_documents import GOVERNED, Deployed, deployed

KINDS = sorted({kind for kind, _, _ in GOVERNED.values()})
NAMES = sorted((kind, name) for kind in KINDS for name in tables(kind))
IDS = [f"{kind} {name}" for kind, name in NAMES]


def documents(kind: str, name: str) -> list[Deployed]:
    """Each that differs, once: many recordings have the same."""
    wanted = [found for found in deployed() if (found.kind, found.name) == (kind, name)]
    return list({f"{one.content} {facts_of(one)}": one for one in wanted}.values())


def told(request: AccessRequest) -> str:
    context = dict(request.context)
    return f"{request.principal} {request.action} {request.resource} {context}"


def test_every_document_has_a_table() -> None:
    found = {(document.kind, document.name) for document in deployed()}
    assert sorted(found - set(NAMES)) == []
    assert sorted(set(NAMES) - found) == []


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=IDS)
def test_a_document_answers_as_its_table_says(kind: str, name: str) -> None:
    wrong = [
        f"{document}: {told(request)}: {expected(rows, request)}, not {found}"
        for document in documents(kind, name)
        for rows in [rows_of(document)]
        for policy in [PolicyDocument.parse(str(document), document.content)]
        for request in requests(document)
        if (found := answer(policy, request)) != expected(rows, request)
    ]
    assert wrong[:20] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_of_a_table_says_something(kind: str) -> None:
    """In some stack, of some document of the table, and no row before it says all of it."""
    silent = {str(row) for table in tables(kind).values() for row in table}
    for document in (one for name in tables(kind) for one in documents(kind, name)):
        rows, facts = rows_of(document), facts_of(document)
        for row in rows:
            if any(first(rows, request) is row for request in named(row, facts)):
                silent.discard(str(tables(kind)[document.name][row.number]))
    assert sorted(silent) == []


def first(rows: list[Row], request: AccessRequest) -> Row | None:
    return next((row for row in rows if row.matches(request)), None)
