"""The mails about a report as a mail client shows them, which is a phone more often than not."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from reports.digest.mail import failure_message, report_message
from tests.browser.conftest import Show
from tests.support import figures as sample
from tests.support.browser import DESK, OVERFLOW, PHONE, faults

pytestmark = pytest.mark.browser


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    return part.get_content()


def report() -> str:
    figures, defined = sample.hostile()
    run = sample.run_of(defined)
    url = f"https://digests.example/index.html?X-Amz-Signature={'a' * 2000}"
    return html_of(report_message(figures, defined, run, url=url, expires_at=sample.NOW, page=None))


def failure() -> str:
    defined = sample.definition()
    reason = f"{sample.HOSTILE}: Task timed out after 300.00 seconds"
    return html_of(failure_message(defined, run_id="x" * 36, step="StoreReport", reason=reason))


@pytest.mark.parametrize("html", [report(), failure()], ids=["report", "failure"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_mail_fits_loads_nothing_and_can_be_read(show: Show, html: str, width: int) -> None:
    with show(html, width=width) as visited:
        assert visited.page.evaluate(OVERFLOW) == 0
        assert visited.requests == [visited.page.url]
        assert visited.dialogs == []
        assert faults(visited.page, "serious", "critical") == []
