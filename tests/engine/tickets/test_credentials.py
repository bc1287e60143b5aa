"""What opens the instance: forms of secrets, rotation, and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from aws_sandbox.servicenow import Fault
from handlers.open_ticket import service_now
from tests.engine.tickets.conftest import (
    API_KEY,
    BASIC,
    COMPLETED,
    FAILED,
    OAUTH,
    SECRET,
    Answering,
    Bench,
    event,
)

# A run without a job that was filed has no metrics to tell, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")


@pytest.mark.parametrize("secret", [BASIC, OAUTH, API_KEY], ids=["basic", "oauth", "api key"])
def test_each_form_of_secret_opens_the_instance(bench: Bench, secret: Mapping[str, str]) -> None:
    bench.keep(secret)
    bench(FAILED)
    assert bench.states() == ["1"]
    tokens = [r for r in bench.service.requests() if r["path"] == "/oauth_token.do"]
    assert len(tokens) == (1 if secret is OAUTH else 0)


def test_a_token_is_used_until_it_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(service_now, "time", SimpleNamespace(monotonic=lambda: now))
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(OAUTH))
    client.incidents("x")
    client.incidents("x")
    assert [method for method, _ in bench.asked()] == ["POST", "GET", "GET"]
    now += 1799 - 60
    client.incidents("x")
    assert [method for method, _ in bench.asked()] == ["POST", "GET", "GET", "POST", "GET"]


def test_a_token_that_was_revoked_is_replaced_at_once(bench: Bench) -> None:
    bench.keep(OAUTH)
    bench(FAILED)
    before = len(bench.asked())
    bench.service.add_fault(Fault(status=401))
    bench(COMPLETED)
    assert bench.states() == ["6"]
    assert bench.asked()[before:] == [("GET", 401), ("POST", 200), ("GET", 200), ("PATCH", 200)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_so_is_one_that_ends_between_two_calls(bench: Bench, method: str) -> None:
    bench.keep(OAUTH)
    bench(event("copy-failed"))
    bench.service.add_fault(Fault(status=401, method=method))
    bench(FAILED)
    assert bench.states() == ["1", "1"]


def test_a_secret_that_was_rotated_is_read_again_when_the_old_one_is_refused(
    bench: Bench,
) -> None:
    bench.keep({**BASIC, "password": "of yesterday"})
    why = bench.fails(FAILED)
    assert "GET /api/now/table/incident answered 401" in why
    assert "User Not Authenticated" in why
    bench.keep(BASIC)
    bench(FAILED)
    assert bench.states() == ["1"]


def test_a_clients_secret_that_was_rotated_is_read_again(bench: Bench) -> None:
    bench.keep({**OAUTH, "client_secret": "of yesterday"})
    assert "POST /oauth_token.do answered 401" in bench.fails(FAILED)
    bench.keep(OAUTH)
    bench(FAILED)
    assert bench.states() == ["1"]


def test_what_stays_unauthorised_is_asked_twice_and_no_more(bench: Bench) -> None:
    bench.keep({**BASIC, "password": "wrong"})
    bench.fails(FAILED)
    assert bench.asked() == [("GET", 401), ("GET", 401)]


FORMS = "it must be a JSON object of texts: api_key, or client_id and client_secret, or username"


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("{'username': 'hush'}", "is not JSON"),
        ("hush", "is not JSON"),
        (["hush"], "is JSON, but not an object"),
        ({}, "holds nothing"),
        ({"username": "hush"}, "holds username"),
        ({"username": "hush", "password": None}, "has no text as password"),
        ({"client_id": 5, "client_secret": ""}, "has no text as client_id and client_secret"),
        ({"api_key": {"hush": 1}}, "has no text as api_key"),
        ({"api_key": "hush\n"}, "has an api_key with characters that no header may have"),
        ({"api_key": "hüsh"}, "has an api_key with characters that no header may have"),
    ],
)
def test_a_secret_in_no_form_is_named_with_the_forms_and_not_told(
    bench: Bench, secret: object, says: str
) -> None:
    bench.keep(secret)
    why = bench.fails(FAILED)
    assert f"the secret {SECRET} {says}" in why
    assert FORMS in why
    assert "hush" not in why
    assert "hüsh" not in why
    assert bench.asked() == []


def test_a_binary_secret_and_one_that_is_not_there_are_named(bench: Bench) -> None:
    bench.secrets.put_secret_value(SecretId=SECRET, SecretBinary=b"x")
    assert f"the secret {SECRET} has no text" in bench.fails(FAILED)
    bench.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    bench.forget()
    bench.later(minutes=15)
    assert f"the secret {SECRET} cannot be read: " in bench.fails(FAILED)


def test_of_a_secret_in_several_forms_one_is_taken(bench: Bench) -> None:
    bench.keep({**BASIC, "password": "wrong", **API_KEY, "hint": None})
    bench(FAILED)


TOKEN = "/oauth_token.do"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "without an access_token"),
        ([], "without an access_token"),
        ({"access_token": None}, "without an access_token"),
        ({"access_token": "hush", "expires_in": "soon"}, "with expires_in 'soon'"),
        ({"access_token": "hush", "expires_in": None}, "with expires_in None"),
        ({"access_token": "hush", "expires_in": -1}, "with expires_in -1"),
        ({"access_token": "hush", "expires_in": float("nan")}, "with expires_in nan"),
    ],
)
def test_an_answer_that_is_no_token_is_named_and_not_told(
    answering: Answering, content: object, says: str
) -> None:
    bench = answering({TOKEN: content})
    bench.keep(OAUTH)
    why = bench.fails(FAILED)
    assert f"POST /oauth_token.do answered 200 {says}" in why
    assert "hush" not in why


@pytest.mark.parametrize("seconds", [{"expires_in": "1800"}, {"expires_in": 1800.5}, {}])
def test_a_token_may_say_its_seconds_as_text_or_not_at_all(
    answering: Answering, seconds: Mapping[str, object]
) -> None:
    incident = {"result": {"number": "INC1", "sys_id": "1"}}
    token = {"access_token": "t", **seconds}
    bench = answering({TOKEN: token, "GET": {"result": []}, "POST": incident})
    bench.keep(OAUTH)
    bench(FAILED)


def test_half_a_token_is_not_told(bench: Bench) -> None:
    bench.keep(OAUTH)
    bench.service.add_fault(Fault(kind="malformed"))
    why = bench.waits(FAILED)
    assert why.endswith("POST /oauth_token.do answered 200 without JSON")
    assert "sys_id" not in why
