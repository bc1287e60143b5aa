"""No change of a policy document goes unseen by its table, but for those that no request shows."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

import pytest
import yaml

from aws_sandbox.iam import PolicyDocument
from tests.stack.test_access import NAMES, documents
from tests.support.access_requests import requests
from tests.support.access_tables import TABLES, answer, expected, rows_of
from tests.support.document_mutants import mutants
from tests.support.policy_documents import Deployed

pytestmark = pytest.mark.soak


@cache
def surviving() -> frozenset[str]:
    """Every change by which nothing that is asked is answered otherwise."""
    return frozenset(
        f"{document}: {change}"
        for kind, name in NAMES
        for document in documents(kind, name)
        for change in survivors(document)
    )


def survivors(document: Deployed) -> Iterator[str]:
    rows = rows_of(document)
    asked = [(request, expected(rows, request)) for request in requests(document)]
    for mutant in mutants(document.content):
        policy = PolicyDocument.parse(mutant.change, mutant.content)
        if all(answer(policy, request) == wanted for request, wanted in asked):
            yield mutant.change


@cache
def excused() -> tuple[str, ...]:
    entries = yaml.safe_load((TABLES / "survivors.yaml").read_text(encoding="utf-8"))
    return tuple(pattern for entry in entries for pattern in entry["of"] if entry["why"])


def test_a_changed_document_no_longer_answers_as_its_table_says() -> None:
    unseen = [
        found for found in surviving() if not any(fnmatchcase(found, one) for one in excused())
    ]
    assert sorted(unseen) == []


def test_each_excuse_is_needed() -> None:
    idle = [one for one in excused() if not any(fnmatchcase(found, one) for found in surviving())]
    assert idle == []
