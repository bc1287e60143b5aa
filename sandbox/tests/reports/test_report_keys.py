from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

from aws_sandbox.reports.keys import Scope, file_name, folder

AT = datetime(2026, 3, 7, 2, 17, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prefix", "account", "region", "expected"),
    [
        (
            "",
            "222222222222",
            "eu-west-1",
            "Backup/222222222222/eu-west-1/2026/03/07/jobs/",
        ),
        ("", "222222222222", None, "Backup/222222222222/crossregion/2026/03/07/jobs/"),
        ("a/b/", None, "eu-west-1", "a/b/Backup/crossaccount/eu-west-1/2026/03/07/jobs/"),
        ("/org", None, None, "org/Backup/crossaccount/crossregion/2026/03/07/jobs/"),
    ],
)
def test_every_documented_layout_has_its_key(
    prefix: str, account: str | None, region: str | None, expected: str
) -> None:
    scope = Scope(account=account, region=region)
    assert folder(prefix=prefix, scope=scope, at=AT, plan="jobs") == expected


def test_file_names_need_url_encoding_and_repeat_for_the_same_delivery() -> None:
    name = file_name(plan="jobs", at=AT, part=2)
    assert name == file_name(plan="jobs", at=AT, part=2) != file_name(plan="jobs", at=AT, part=1)
    assert quote_plus(name) != name
    assert set(" +~:()") < set(name)
    assert name.endswith(".csv")
