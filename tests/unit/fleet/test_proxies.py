"""Which hosts are reached without the proxy that the environment names."""

import urllib.request
from collections.abc import Mapping

import botocore.utils
import pytest

from fleet.proxies import reach_this_machine_directly


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "corp.example, 10.0.0.0/8"}, "corp.example,10.0.0.0/8,127.0.0.1,localhost"),
        ({"no_proxy": "localhost", "NO_PROXY": "x"}, "x,localhost,127.0.0.1"),
    ],
)
def test_this_machine_is_excepted_beside_what_was(before: Mapping[str, str], after: str) -> None:
    environment = {"HTTPS_PROXY": "http://proxy.example:3128", **before}
    reach_this_machine_directly(environment)
    assert environment == {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "NO_PROXY": after,
        "no_proxy": after,
    }
    reach_this_machine_directly(environment)
    assert environment["no_proxy"] == after


def test_readers_of_the_environment_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "corp.example"}
    reach_this_machine_directly(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for host, passed_by in (("127.0.0.1", True), ("corp.example", True), ("aws.example", False)):
        assert bool(urllib.request.proxy_bypass(host)) is passed_by
        assert botocore.utils.should_bypass_proxies(f"http://{host}:4566") is passed_by


def test_where_all_is_excepted_that_stays_so() -> None:
    environment = {"no_proxy": "*"}
    reach_this_machine_directly(environment)
    assert environment == {"no_proxy": "*"}
