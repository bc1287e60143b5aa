"""Report keys: what was built is what is parsed, for every layout."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.keys import ReportKey, UnrecognisedKey, parse

ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)
REGIONS = st.sampled_from(
    ["eu-central-1", "us-gov-west-1", "ap-southeast-4", "mx-central-1", "crossregion"]
)
PLANS = st.from_regex(r"[a-zA-Z][_a-zA-Z0-9]{0,40}", fullmatch=True)
SEGMENT = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=20
)
PREFIXES = st.lists(SEGMENT, max_size=3).map("/".join)


REPORTS = st.builds(
    ReportKey,
    prefix=PREFIXES,
    account=st.one_of(ACCOUNTS, st.just("crossaccount")),
    region=REGIONS,
    date=st.dates(min_value=datetime.date(2019, 1, 1)),
    plan=PLANS,
    file=SEGMENT,
)


@given(REPORTS)
def test_what_was_built_is_what_is_parsed(report: ReportKey) -> None:
    assert parse(report.key) == report


@pytest.mark.parametrize(
    ("key", "account", "region", "prefix"),
    [
        ("Backup/111111111111/eu-west-1/2026/03/31/jobs/a.csv", "111111111111", "eu-west-1", ""),
        (
            "p/Backup/111111111111/crossregion/2026/03/31/jobs/a.csv",
            "111111111111",
            "crossregion",
            "p",
        ),
        ("Backup/crossaccount/eu-west-1/2026/03/31/jobs/a.csv", "crossaccount", "eu-west-1", ""),
        (
            "a/b/Backup/crossaccount/crossregion/2026/03/31/jobs/a.csv",
            "crossaccount",
            "crossregion",
            "a/b",
        ),
        ("p/Backup/us-west-2/2026/03/31/jobs/a.csv", "", "us-west-2", "p"),
        ("Backup/x/Backup/us-west-2/2026/03/31/jobs/a.csv", "", "us-west-2", "Backup/x"),
    ],
)
def test_every_documented_layout_is_read(key: str, account: str, region: str, prefix: str) -> None:
    report = parse(key)
    assert (report.account, report.region, report.prefix) == (account, region, prefix)
    assert report.date == datetime.date(2026, 3, 31)
    assert (report.plan, report.file) == ("jobs", "a.csv")
    assert report.key == key
    assert report.folder == key.removesuffix("a.csv")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "results/query.csv",
        "backup/crossaccount/crossregion/2026/03/31/jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/3/31/jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/03/31/jobs/",
        "Backup/crossaccount/crossregion/2026/03/31/jobs.csv",
        "Backup/crossaccount/crossregion/2026/03/31/my-jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/03/31/jobs/sub/a.csv",
        "Backup/12345/eu-west-1/2026/03/31/jobs/a.csv",
        "xBackup/us-west-2/2026/03/31/jobs/a.csv",
    ],
)
def test_what_is_no_report_is_not_recognised(key: str) -> None:
    with pytest.raises(UnrecognisedKey, match="is no report's key"):
        parse(key)


def test_a_day_that_does_not_exist_is_not_recognised() -> None:
    with pytest.raises(UnrecognisedKey, match=r"day is out of range|day 31 must be"):
        parse("Backup/crossaccount/crossregion/2026/11/31/jobs/a.csv")
