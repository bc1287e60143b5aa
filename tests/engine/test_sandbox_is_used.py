"""The sandbox has what the product reaches, and nothing else.

Reached is what a component, a handler, a command, a page of docs or a test of this folder names;
the sandbox's own tests do not count. What an open issue will need is in sandbox/awaited.yaml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import sqlglot

from aws_sandbox.athena.sql import CLAUSES, FUNCTIONS, parse
from components.lake.curated_report_tables import newest_view, plans_view
from components.lake.query_library import queries
from reports.templates import TEMPLATES
from tests.support.awaited import complaints
from tests.support.pages import commands, pages


def test_each_function_and_clause_of_athenas_sql_is_reached() -> None:
    reached: set[str] = set()
    for sql in _sql():
        tokens = sqlglot.tokenize(sql, read="trino")
        reached |= {one.text.lower() for one, two in pairwise(tokens) if two.text == "("}
        reached |= {node.key for node in parse(sql).walk() if type(node) in CLAUSES}
    there = FUNCTIONS.keys() | {kind.key for kind in CLAUSES}
    assert complaints("sql", there, reached) == []


def _sql() -> Iterator[str]:
    """The lake's queries and views, and what pages and tests of this folder ask."""
    yield from (query.sql() for query in queries("eu-west-1").values())
    yield from (newest_view(template, "lake").sql for template in TEMPLATES.values())
    yield from (plans_view(plans, "lake").sql for plans in ({}, {"jobs": "backup_job"}))
    for page in pages():
        for block in commands(page):
            yield from re.findall(r'backup-org query "(SELECT [^"]+)"', block.script)
    for path in Path(__file__).parent.rglob("test_*.py"):
        if path != Path(__file__):
            yield from (text for text in _texts(path) if text.startswith("SELECT "))


def _texts(path: Path) -> Iterator[str]:
    """A module's whole texts, with a name for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    formatted = [node.values for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for values in formatted for part in values}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in parts:
                yield re.sub(r"\{\w+\}", "x", text)
            case _:
                pass
