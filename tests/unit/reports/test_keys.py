"""Report keys: what was built is what is parsed, for every layout."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.keys import ReportKey, UnrecognisedKey, key_starts, parse

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
WITHOUT_BACKUP = st.builds(
    replace,
    REPORTS.filter(lambda report: report.prefix.rpartition("/")[2] not in ("", "Backup")),
    in_backup=st.just(False),
)


@given(REPORTS | WITHOUT_BACKUP)
def test_what_was_built_is_what_is_parsed(report: ReportKey) -> None:
    assert parse(report.key) == report


@given(
    st.lists(
        st.sampled_from(["p", "Backup", "crossaccount", "1" * 12, "crossregion", "us-west-2", ""]),
        max_size=6,
    )
)
def test_whatever_stands_before_the_day_the_key_that_is_parsed_is_the_key(
    before: list[str],
) -> None:
    key = "".join(f"{part}/" for part in before) + "2026/03/31/jobs/a.csv"
    try:
        report = parse(key)
    except UnrecognisedKey:
        return
    assert report.key == key
    assert report.folder == key.removesuffix("a.csv")
    assert report.in_backup or (report.prefix and report.account)


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
        ("p/111111111111/eu-west-1/2026/03/31/jobs/a.csv", "111111111111", "eu-west-1", "p"),
        (
            "a/b/crossaccount/crossregion/2026/03/31/jobs/a.csv",
            "crossaccount",
            "crossregion",
            "a/b",
        ),
    ],
)
def test_every_documented_layout_and_what_was_seen_behind_a_prefix_is_read(
    key: str, account: str, region: str, prefix: str
) -> None:
    report = parse(key)
    assert (report.account, report.region, report.prefix) == (account, region, prefix)
    assert report.date == datetime.date(2026, 3, 31)
    assert (report.plan, report.file) == ("jobs", "a.csv")
    assert report.key == key
    assert report.folder == key.removesuffix("a.csv")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (
            "2022/07/03/jobs/",
            "BACKUP_JOB_REPORT_jobs_2022-07-02T19:48:17Z_2022-07-03T19:48:17Z.csv",
        ),
        (
            "2022/07/06/jobs/",
            "backup_job_report_jobs_2022-07-05t00:00:00z_2022-07-06t00:00:00z_1.json",
        ),
    ],
)
@pytest.mark.parametrize("before", ["Backup/", "p/Backup/", "p/"])
def test_files_are_called_as_they_were_seen(before: str, folder: str, name: str) -> None:
    report = parse(f"{before}111111111111/crossregion/{folder}{name}")
    assert (report.file, report.plan) == (name, "jobs")
    assert report.folder == f"{before}111111111111/crossregion/{folder}"


@pytest.mark.parametrize(
    ("prefixes", "starts"),
    [
        ([""], ["Backup/"]),
        (["BackupJob", "", "BackupJob"], ["Backup/", "BackupJob/"]),
        (["pre(x)"], ["pre%28x%29/", "pre(x)/"]),
        (["all*"], ["all%2A/", "all*/"]),
        (["a" * 512], ["a" * 100]),
    ],
)
def test_keys_start_with_the_plans_prefixes_however_they_are_spelt(
    prefixes: list[str], starts: list[str]
) -> None:
    assert key_starts(prefixes) == starts


@pytest.mark.parametrize(
    "key",
    [
        "",
        "results/query.csv",
        "crossaccount/crossregion/2026/03/31/jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/3/31/jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/03/31/jobs/",
        "Backup/crossaccount/crossregion/2026/03/31/jobs.csv",
        "Backup/crossaccount/crossregion/2026/03/31/my-jobs/a.csv",
        "Backup/crossaccount/crossregion/2026/03/31/jobs/sub/a.csv",
        "Backup/12345/eu-west-1/2026/03/31/jobs/a.csv",
        "xBackup/us-west-2/2026/03/31/jobs/a.csv",
        "111111111111/us-west-2/2026/03/31/jobs/a.csv",
        "p/us-west-2/2026/03/31/jobs/a.csv",
        "Backup/crossaccount/crossregion/\uff12\uff10\uff12\uff16/03/31/jobs/a.csv",
    ],
)
def test_what_is_no_report_is_not_recognised(key: str) -> None:
    with pytest.raises(UnrecognisedKey, match="is no report's key"):
        parse(key)


def test_a_day_that_does_not_exist_is_not_recognised() -> None:
    with pytest.raises(UnrecognisedKey, match=r"day is out of range|day 31 must be"):
        parse("Backup/crossaccount/crossregion/2026/11/31/jobs/a.csv")
