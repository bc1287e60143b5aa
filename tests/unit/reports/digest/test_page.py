"""The report's page, as far as it can be judged without a browser: tests/browser has the rest."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import pytest

from reports.digest import csv_files, templates
from reports.digest.definition import SECTIONS, Brand, Section
from reports.digest.figures import AccountDay, Figures, Share
from reports.digest.page import HEAT_ROWS, ROWS, page
from tests.support import figures as sample

DEFINED = sample.definition()
FIGURES = sample.figures(DEFINED)
RUN = sample.run_of(DEFINED)


def made(figures: Figures = FIGURES, sections: tuple[Section, ...] = SECTIONS) -> str:
    defined = dataclasses.replace(DEFINED, sections=sections)
    return page(figures, defined, RUN, sample.FILES, stored=True)


def sections(html: str) -> list[str]:
    return re.findall(r'<section id="(\w+)"', html)


def test_a_page_has_the_sections_that_its_definition_names_in_the_pages_order() -> None:
    assert sections(made()) == [*SECTIONS, "limits"]
    assert sections(made(sections=("failures", "heat_map"))) == ["heat_map", "failures", "limits"]


def test_a_page_has_one_heading_of_the_first_rank_a_language_and_a_policy() -> None:
    html = made()
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert html.count("<h1>") == 1
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
    ) in html
    assert not re.search(r"<script|<link|@import|url\(|https?://(?!www\.w3\.org)", html)


def test_what_is_not_known_is_said_to_be_and_never_zero() -> None:
    head = dataclasses.replace(
        FIGURES.headline, unprotected=None, open_incidents=None, three_two_one=Share(met=0, of=0)
    )
    html = made(dataclasses.replace(FIGURES, headline=head))
    for label in ("Unprotected resources", "Open incidents", "Meet 3-2-1-1-0"):
        assert f'<div class="label">{label}</div>\n<div class="value text">not known</div>' in html
    assert "does not tell which resources are unprotected" in html


def test_a_period_in_which_nothing_happened_has_a_page_too() -> None:
    none = Share(met=0, of=0)
    empty = dataclasses.replace(
        FIGURES,
        headline=dataclasses.replace(
            FIGURES.headline,
            success_rate=none,
            sla=none,
            failures=0,
            three_in_a_row=0,
            unprotected=0,
            restore_tests=none,
        ),
        **dict.fromkeys(
            (
                *("days", "heat_map", "causes", "without_recent_backup", "unprotected"),
                *("restore_tests", "controls", "changes", "newly_failing", "recovered", "limits"),
            ),
            (),
        ),
        without_recent_backup_total=0,
    )
    html = made(empty)
    assert "No job ended in this period, so there is nothing to judge backups by." in html
    assert "No restore test ran in this period" in html
    assert "There is no earlier report" in html
    assert "0 of 0" not in html
    assert "<svg" not in html


def test_a_long_list_is_cut_and_says_in_which_file_the_rest_is() -> None:
    late = FIGURES.without_recent_backup * 10
    html = made(
        dataclasses.replace(FIGURES, without_recent_backup=late, without_recent_backup_total=1234)
    )
    assert f"the first {ROWS} of 1,234" in html
    assert f"{1234 - ROWS:,} more in <code>without_recent_backup.csv</code>" in html


def test_the_files_that_a_page_names_are_written() -> None:
    template = Path(templates.__file__).with_name("page.html.j2").read_text()
    named = set(re.findall(r'"(\w+\.csv)"', template))
    written = set(re.findall(r'"(\w+\.csv)"', Path(csv_files.__file__).read_text()))
    assert len(named) > 3
    assert named <= written


def test_only_a_page_that_is_stored_names_its_place_and_the_command_for_a_link() -> None:
    here = page(FIGURES, DEFINED, RUN, sample.FILES, stored=False)
    assert all(f"<code>{name}</code>" in here for name in sample.FILES)
    for said in (RUN.stored_folder, "digests bucket", "report link", "The report before lies in"):
        assert (said in here, said in made()) == (False, True)


def test_the_heat_map_has_the_worst_accounts_first_and_one_row_for_those_without() -> None:
    defined = sample.definition(accounts=60)
    figures = sample.figures(defined)
    html = page(figures, defined, RUN, (), stored=True)
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td><svg.*?class="number">([\d,]+)<', html)
    failed = [int(number.replace(",", "")) for _, number in rows]
    assert len(rows) == HEAT_ROWS + 1
    assert failed[:-1] == sorted(failed[:-1], reverse=True)
    assert rows[-1][0] == "20 other accounts"
    assert sum(failed) == figures.headline.failures


def test_a_day_on_which_an_account_had_no_job_is_a_cell_of_its_own_kind() -> None:
    first, *others = FIGURES.days
    account = next(iter(DEFINED.regions))
    cells = (
        AccountDay(account_id=account, day=first.day, succeeded=9, failed=1),
        AccountDay(account_id=account, day=others[-1].day, succeeded=0, failed=3),
    )
    html = made(dataclasses.replace(FIGURES, heat_map=cells), ("heat_map",))
    classes = re.findall(r'<rect [^>]*class="heat-(\w+)"', html)
    assert classes == ["2", *["none"] * (len(FIGURES.days) - 2), "4"]


def test_a_month_of_200_accounts_is_under_2_mb() -> None:
    defined = sample.definition(accounts=200)
    html = page(sample.figures(defined), defined, RUN, sample.FILES, stored=True)
    assert len(html.encode()) < 2_000_000


@pytest.mark.parametrize("accent", ["red", "#12345", "#0b5cad; } body { display: none"])
def test_a_colour_that_is_none_is_refused(accent: str) -> None:
    defined = dataclasses.replace(DEFINED, brand=Brand(name="Acme", accent=accent))
    with pytest.raises(ValueError, match="is no colour: #rrggbb is one"):
        page(FIGURES, defined, RUN, (), stored=True)


def test_the_report_before_and_a_fresh_link_are_named() -> None:
    html = made()
    assert "The report before lies in reports/monthly/2026-05-01/." in html
    assert "backup-org report link --customer acme --period monthly/2026-06-01" in html
    assert RUN.period.end - RUN.period.start == timedelta(days=30)
