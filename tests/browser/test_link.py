"""The link of a mail, opened in a browser: it shows the page until it dies, and then nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from aws_sandbox.client import Sandbox
from fleet.sandbox.stage import running
from fleet.sandbox.workspace import Workspace
from reports.digest.link import Link, session_signer, signed
from reports.digest.page import page
from tests.support import figures as sample
from tests.support.browser import OVERFLOW, PHONE, visit

pytestmark = pytest.mark.browser

ACCOUNT, REGION = "222222222222", "eu-central-1"
BUCKET = "acme-digests"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    workspace = Workspace(root=tmp_path_factory.mktemp("sandbox"))
    found = running("acme", workspace, print, with_parent=True)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def link(sandbox: Sandbox) -> Link:
    """Of a report in a bucket, signed for fifteen minutes by a role that may read it alone."""
    defined = sample.definition()
    run = sample.run_of(defined)
    session = sandbox.session(ACCOUNT, REGION)
    s3, iam = session.client("s3"), session.client("iam")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    html = page(sample.figures(defined), defined, run, sample.FILES, stored=True)
    s3.put_object(Bucket=BUCKET, Key=run.page_key, Body=html.encode())
    role = iam.create_role(
        RoleName="links",
        AssumeRolePolicyDocument=policy("sts:AssumeRole", Principal={"AWS": ACCOUNT}),
    )["Role"]["Arn"]
    reads = policy("s3:GetObject", Resource=f"arn:aws:s3:::{BUCKET}/*")
    iam.put_role_policy(RoleName="links", PolicyName="read", PolicyDocument=reads)
    return signed(
        session,
        session_signer(session.client("sts"), role, 900),
        bucket=BUCKET,
        key=run.page_key,
        wanted_seconds=900,
        now=datetime.now(UTC),
    )


def policy(action: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_link_opens_in_a_browser_until_the_time_it_promised_and_not_after(
    browser: Browser, sandbox: Sandbox, link: Link
) -> None:
    with visit(browser, link.url, width=PHONE) as visited:
        assert visited.status == 200
        assert visited.page.get_by_role("heading", name="Monthly backup report").is_visible()
        assert visited.page.locator("svg.chart").count() == 3
        assert visited.page.evaluate(OVERFLOW) == 0
        assert [url for url in visited.requests if not url.startswith("data:")] == [link.url]
    left = (link.expires_at - datetime.now(UTC)).total_seconds()
    sandbox.call("clock.advance", seconds=left - 30)
    with visit(browser, link.url) as visited:
        assert visited.status == 200
    sandbox.call("clock.advance", seconds=32)
    with visit(browser, link.url) as visited:
        assert visited.status == 403
        assert "Request has expired" in visited.page.content()
        assert visited.page.locator("h1").count() == 0
