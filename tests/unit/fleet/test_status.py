"""How the status of customers is judged, and what people and machines see of it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fleet.deploy.selection import Chosen
from fleet.errors import ToldError
from fleet.runs import Run
from fleet.scheduler import Ended, Result
from fleet.status.commands import by_customer
from fleet.status.figures import CustomerStatus, Drift, StackStatus
from fleet.status.looking import drift_recorded
from fleet.status.showing import document, page, show
from tests.support.examples import ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def stack(name: str = "acme-audit", **values: Any) -> StackStatus:
    well: dict[str, Any] = {
        "resources": 10,
        "protected": 10,
        "jobs": 40,
        "completed": 40,
        "incidents": 0,
        "missing_reports": (),
        "drift": Drift(resources=0, looked_at=NOW - timedelta(hours=3)),
    }
    return StackStatus(stack=name, **{**well, **values})


def customer(*stacks: StackStatus, **unseen: str) -> CustomerStatus:
    return CustomerStatus(customer="acme", stacks=stacks, unseen=unseen)


def shown(customers: Sequence[CustomerStatus], width: int) -> str:
    printed = io.StringIO()
    show(Console(file=printed, width=width, soft_wrap=True, markup=False), customers, NOW)
    return printed.getvalue()


def test_a_customer_of_whom_nothing_is_wrong_is_well() -> None:
    well = customer(stack(), stack("acme-member-web", incidents=None, missing_reports=None))
    assert (list(well.problems()), well.tone) == ([], "good")
    assert (well.resources, well.success_percent, well.incidents) == (20, 100, 0)


@pytest.mark.parametrize(
    ("values", "tone", "said"),
    [
        ({"protected": 8}, "bad", "2 resources without a recent backup"),
        ({"completed": 39}, "warn", "1 of 40 backup jobs did not complete"),
        ({"incidents": 1}, "bad", "1 incident not resolved"),
        ({"missing_reports": ["jobs"]}, "bad", "no report of the last day: jobs"),
        ({"drift": Drift(resources=2, looked_at=NOW)}, "warn", "drift: acme-audit"),
        ({"deployed": False}, "warn", "not deployed: acme-audit"),
    ],
)
def test_each_thing_that_is_wrong_is_said(values: dict[str, Any], tone: str, said: str) -> None:
    ill = customer(stack(**values))
    assert (list(ill.problems()), ill.tone) == ([said], tone)


def test_what_cannot_be_looked_at_is_said_and_never_taken_for_well() -> None:
    unseen = customer(**{"acme-audit": "no session", "acme-member-web": "no session"})
    assert list(unseen.problems()) == [
        "acme-audit, and 1 other stack of 2 cannot be looked at: no session"
    ]
    assert (unseen.tone, unseen.incidents, unseen.success_percent) == ("bad", None, None)


def test_drift_is_as_old_as_the_oldest_look_and_unknown_where_one_is_missing() -> None:
    older = Drift(resources=0, looked_at=NOW - timedelta(days=2))
    assert customer(stack(), stack("b", drift=older)).drift_looked_at == older.looked_at
    assert customer(stack(), stack("b", drift=None)).drift_looked_at is None


def test_the_last_run_of_drift_tells_of_each_stack(tmp_path: Path) -> None:
    runs: list[tuple[str, list[Any]]] = [("drift", []), ("drift", [{}, {}]), ("preview", [])]
    for command, drift in runs:
        row: dict[str, Any] = {"stack": "acme-audit", "ended": Ended.DONE, "drift": drift}
        Run(tmp_path, command).written([row], cancelled=False)
    assert drift_recorded(tmp_path)["acme-audit"].resources == 2


def test_stacks_are_added_up_by_the_customer_whose_they_are() -> None:
    results: dict[str, Result[StackStatus]] = {
        "acme-audit": Result(ended=Ended.DONE, value=stack()),
        "acme-member-web": Result(ended=Ended.FAILED, error=ToldError("no session\nin there")),
        "hooli-audit": Result(ended=Ended.FAILED, error=KeyError("State")),
        "acme-eu-member-of-no-file": Result(ended=Ended.FAILED, error=ToldError("no file")),
    }
    acme, acme_eu, hooli = by_customer(Chosen(stacks=[*results]), results, ROOT)
    assert (acme.customer, acme.total, acme.unseen) == (
        "acme",
        2,
        {"acme-member-web": "no session"},
    )
    assert hooli.unseen == {"hooli-audit": "KeyError: 'State'"}
    assert acme_eu.customer == "acme-eu"


@pytest.mark.parametrize("width", [150, 120, 80, 40])
def test_the_table_cuts_nothing_however_narrow_it_is(width: int) -> None:
    printed = shown([customer(stack(protected=8, incidents=3))], width)
    said = " ".join(printed.split())
    for fact in ("8 of 10", "100 %", "none, 3 h 0 min ago"):
        assert fact in said.replace("\N{NO-BREAK SPACE}", " ")
    assert all(len(line) <= width for line in printed.splitlines())
    assert "incidents: 3" in said or width > 116


def test_machines_read_the_same() -> None:
    told = json.loads(document([customer(stack(protected=8))], NOW))
    (acme,) = told["customers"]
    assert (acme["protected"], acme["resources"], len(acme["stacks"])) == (8, 10, 1)
    assert acme["problems"] == ["2 resources without a recent backup"]


class _Loaded(HTMLParser):
    """Collects what a page would fetch, and its headings of rows."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "link", "iframe") or "src" in given:
            self.fetched.append(tag)
        self.rows += tag == "th" and given.get("scope") == "row"


def test_the_page_loads_nothing_and_escapes_what_it_is_told() -> None:
    ill = CustomerStatus(customer="hooli", stacks=(), unseen={"hooli-audit": "<b>no session</b>"})
    text = page([customer(stack()), ill], NOW, days=7, recent_days=2)
    loaded = _Loaded()
    loaded.feed(text)
    assert (loaded.fetched, loaded.rows) == ([], 2)
    assert "&lt;b&gt;no session" in text
    assert "1 customer of 2 not well" in text
