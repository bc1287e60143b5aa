"""Mails about a report: what is in them, and that nothing in them is markup by accident."""

from __future__ import annotations

import dataclasses
import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from reports.digest.definition import Definition
from reports.digest.figures import Figures
from reports.digest.mail import failure_message, report_message
from reports.digest.wording import tiles
from tests.support import figures as sample

DEFINED = sample.definition()
FIGURES = sample.figures(DEFINED)
URL = "https://digests.s3.eu-central-1.amazonaws.com/reports/x/index.html?X-Amz-Expires=3600&a=b"
EXPIRES = datetime(2026, 7, 1, 5, 30, tzinfo=UTC)


def mail(
    figures: Figures = FIGURES, defined: Definition = DEFINED, page: str | None = "<p>page</p>"
) -> EmailMessage:
    run = sample.run_of(defined)
    return read(report_message(figures, defined, run, url=URL, expires_at=EXPIRES, page=page))


def read(message: EmailMessage) -> EmailMessage:
    """As it arrives."""
    parsed = email.message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return part.get_content()


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_has_the_headline_so_that_many_need_not_open_the_link(kind: str) -> None:
    said = body(mail(), kind)
    for tile in tiles(FIGURES):
        assert tile.label in said
        assert tile.value in said


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_says_when_its_link_dies_in_utc_and_in_the_reports_zone(kind: str) -> None:
    said = body(mail(), kind)
    assert "1 July 2026, 05:30 (UTC)" in said
    assert "1 July 2026, 07:30 (Europe/Berlin)" in said
    assert "backup-org report link --customer acme --period monthly/2026-06-01" in said


def test_a_reader_in_utc_is_told_the_time_once() -> None:
    said = body(mail(defined=dataclasses.replace(DEFINED, timezone="UTC")), "plain")
    assert said.count("05:30") == 1


def test_the_link_is_whole_in_both_forms() -> None:
    assert URL in body(mail(), "plain").splitlines()
    assert f'href="{URL.replace("&", "&amp;")}"' in body(mail(), "html")


def test_the_page_travels_with_the_mail_only_where_it_is_given() -> None:
    (attached,) = mail().iter_attachments()
    assert attached.get_filename() == "acme-monthly-2026-06-01.html"
    assert attached.get_content_type() == "text/html"
    assert attached.get_payload(decode=True) == b"<p>page</p>"
    assert "open the attached acme-monthly-2026-06-01.html" in body(mail(), "plain")
    without = mail(page=None)
    assert list(without.iter_attachments()) == []
    assert "attached" not in body(without, "plain")


def test_a_mail_goes_to_all_recipients_and_says_what_it_is_about() -> None:
    defined = dataclasses.replace(DEFINED, recipients=("a@acme.example", "b@acme.example"))
    message = mail(defined=defined)
    assert message["To"] == "a@acme.example, b@acme.example"
    assert message["From"] == "reports@acme.example"
    assert message["Subject"].startswith("Acme Trading backups, ")
    assert "145 failures, 18 unprotected" in message["Subject"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_hostile_text_is_text_and_makes_no_header() -> None:
    figures, defined = sample.hostile()
    broken = dataclasses.replace(
        defined.brand, name=f"{sample.HOSTILE}\r\nBcc: all@elsewhere.example"
    )
    message = mail(figures, dataclasses.replace(defined, brand=broken, customer="acme"))
    assert message["Bcc"] is None
    html = body(message, "html")
    assert "<script" not in html
    assert "<img" not in html
    assert sample.HOSTILE in body(message, "plain")


def test_no_line_of_a_mail_is_longer_than_smtp_allows() -> None:
    figures, defined = sample.hostile()
    raw = report_message(
        figures, defined, sample.run_of(defined), url=URL * 9, expires_at=EXPIRES, page="x" * 5000
    ).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_what_a_report_cannot_tell_is_cut_in_the_mail() -> None:
    many = dataclasses.replace(FIGURES, limits=tuple(f"limit {n}." for n in range(30)))
    for kind in ("plain", "html"):
        said = body(mail(many), kind)
        assert said.count("limit ") == 5
        assert "25 more: see the report" in said


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_report_that_could_not_be_made_is_told_with_step_reason_and_cure(kind: str) -> None:
    message = read(
        failure_message(DEFINED, run_id="run-1", step="GenerateReport", reason="timed out <b>")
    )
    assert message["To"] == "operations@acme.example"
    assert message["Subject"] == (
        "Acme Trading: the monthly backup report could not be made, GenerateReport failed"
    )
    said = body(message, kind)
    for part in ("GenerateReport", "run-1", "function that makes reports", "backup-org report run"):
        assert part in said
    assert ("timed out &lt;b&gt;" if kind == "html" else "timed out <b>") in said


def test_a_step_without_a_cure_of_its_own_points_at_the_execution() -> None:
    message = read(failure_message(DEFINED, run_id="run-1", step="Another", reason="?"))
    assert "Systems Manager console" in body(message, "plain")
